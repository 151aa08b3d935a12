/** The functions of jest for the test file that runs now. */
exports.current = { globals: {} };
