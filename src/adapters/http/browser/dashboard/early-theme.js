// No module: it runs before the first paint, so that a chosen theme does not flash up in the other one.
{
  const theme = localStorage.getItem('webhook-inbox.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
