// Language, theme, copying and printing. The page reads well without any of it.
(function () {
  "use strict";
  var root = document.documentElement;
  var darkness = window.matchMedia("(prefers-color-scheme: dark)");

  function each(selector, action) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), action);
  }

  function speak(language) {
    root.lang = language;
    each("[data-speak]", function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.speak === language));
    });
    each("[data-label-en]", function (element) {
      element.setAttribute("aria-label", language === "ko" ? element.dataset.labelKo : element.dataset.labelEn);
    });
  }

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === "dark" : darkness.matches;
  }

  function showTheme() {
    each("[data-toggle-theme]", function (button) {
      button.setAttribute("aria-pressed", String(isDark()));
    });
  }

  function copy(button) {
    var code = button.parentNode.querySelector("code");
    var chosen = window.getSelection();
    chosen.selectAllChildren(code);
    var done = document.execCommand("copy");
    if (!done && navigator.clipboard) {
      navigator.clipboard.writeText(code.textContent).then(function () { button.classList.add("done"); });
    }
    button.classList.toggle("done", done);
    window.setTimeout(function () { button.classList.remove("done"); }, 1600);
  }

  // Before the first paint, so that no reader sees the other language flash by.
  var wanted = new URLSearchParams(location.search).get("lang") || navigator.language || root.lang;
  speak(/^ko/i.test(wanted) ? "ko" : "en");

  document.addEventListener("DOMContentLoaded", function () {
    each("[data-needs-script]", function (element) { element.hidden = false; });
    each("[data-speak]", function (button) {
      button.addEventListener("click", function () { speak(button.dataset.speak); });
    });
    each("[data-toggle-theme]", function (button) {
      button.addEventListener("click", function () {
        root.dataset.theme = isDark() ? "light" : "dark";
        showTheme();
      });
    });
    each("[data-copy]", function (button) {
      button.addEventListener("click", function () { copy(button); });
    });
    darkness.addEventListener("change", showTheme);
    speak(root.lang);
    showTheme();
  });

  // Paper cannot be unfolded.
  window.addEventListener("beforeprint", function () {
    each("details:not([open])", function (details) { details.dataset.folded = ""; details.open = true; });
  });
  window.addEventListener("afterprint", function () {
    each("details[data-folded]", function (details) { delete details.dataset.folded; details.open = false; });
  });
})();
