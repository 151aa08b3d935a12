// This is not a module, because it must run before the first paint: otherwise the page would flash in the other theme.
{
  const theme = localStorage.getItem('webhook-inbox.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
