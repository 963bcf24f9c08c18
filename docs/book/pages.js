// What mdBook leaves undone: the language of Chinese pages, and formulas.

"use strict";

// mdBook knows one language and one title per book. Screen readers and fonts need to know which a page is in.
if (location.pathname.includes("/zh/")) {
  document.documentElement.lang = "zh-CN";
  document.title = document.title.replace("How a gradient travels", "梯度怎样走");
  document.querySelectorAll(".menu-title").forEach((title) => (title.textContent = "梯度怎样走"));
}

// Blocks of the language `math` are TeX. GitHub shows them as formulas; here Temml does, as MathML, without a network.
document.querySelectorAll("code.language-math").forEach((code) => {
  const formula = document.createElement("div");
  formula.className = "formula";
  temml.render(code.textContent, formula, { displayMode: true, throwOnError: false });
  (code.closest("pre") || code).replaceWith(formula);
});
