// A chosen theme holds before anything is drawn; without one the system's own does.
try {
  var theme = localStorage.getItem('interlock.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch (error) {
  // A browser that keeps nothing shows the system's theme.
}
