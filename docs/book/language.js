// Pages in Chinese say so: to screen readers, and for the choice of fonts. mdBook knows one language a book.

"use strict";

if (location.pathname.includes("/zh/")) document.documentElement.lang = "zh-CN";
