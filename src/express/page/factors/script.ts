/** What the page of recovery codes adds; without a script they can be printed and copied by hand. */
export const FACTORS_SCRIPT = String.raw`
(function () {
  "use strict";
  var codes = document.getElementById("codes");
  var tools = document.getElementById("code-tools");
  if (!codes || !tools) return;
  var text = Array.prototype.map.call(codes.querySelectorAll("li"), function (item) {
    return item.textContent.trim() + "\n";
  }).join("");
  tools.hidden = false;
  document.getElementById("print").addEventListener("click", function () { print(); });
  var download = document.getElementById("download");
  download.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  var copy = document.getElementById("copy");
  copy.hidden = !(navigator.clipboard && navigator.clipboard.writeText);
  copy.addEventListener("click", function () {
    navigator.clipboard.writeText(text).then(function () {
      document.getElementById("copied").textContent = copy.getAttribute("data-copied");
    }).catch(function () {});
  });
})();
`;
