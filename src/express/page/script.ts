/**
 * The page's script. It only adds comfort, so every part may be missing in a browser without harm.
 *
 * Nothing is written into it: what it has to know stands in data attributes. Methods of the replayed form are taken
 * from the prototype, as a field named "submit" would stand in their place.
 */
export const SCRIPT = String.raw`(function () {
  "use strict";
  var verify = document.getElementById("verify");
  var code = document.getElementById("code");
  var replay = document.getElementById("replay");
  var resend = document.querySelector("button[data-wait]");
  var until = document.querySelector("[data-until]");
  var root = document.documentElement;
  var abort = typeof AbortController === "function" ? new AbortController() : null;
  var busy = false;

  function setBusy(value) {
    busy = value;
    root.classList.toggle("busy", value);
  }

  // a double click would spend the code twice, and the second answer would hide the first
  document.addEventListener("submit", function (event) {
    if (busy) return event.preventDefault();
    setBusy(true);
    if (abort) abort.abort();
    setTimeout(setBusy, 6000, false);
  });
  addEventListener("pageshow", function (event) {
    if (event.persisted) setBusy(false);
  });

  if (replay) HTMLFormElement.prototype.submit.call(replay);

  function latin(text) {
    return text.normalize("NFKC").replace(/[\u0660-\u0669\u06f0-\u06f9]/g, function (digit) {
      return String(digit.charCodeAt(0) & 15);
    });
  }

  // the code out of a whole message: digits in one run first, then in groups
  function codeIn(text, digits) {
    var runs = ["\\d{" + digits + "}", "(?:\\d[\\s.\\u2010-\\u2015-]?){" + (digits - 1) + "}\\d"];
    for (var i = 0; i < runs.length; i += 1) {
      var found = new RegExp("(?:^|\\D)(" + runs[i] + ")(?!\\d)").exec(text);
      if (found) return found[1].replace(/\D/g, "");
    }
    return "";
  }

  var digits = code ? Number(code.getAttribute("data-digits")) : 0;
  if (digits > 0) {
    code.addEventListener("paste", function (event) {
      var found = codeIn(latin((event.clipboardData && event.clipboardData.getData("text")) || ""), digits);
      if (!found) return;
      event.preventDefault();
      code.value = found;
    });
    code.addEventListener("change", function () {
      code.value = latin(code.value);
    });
  }

  function clock(seconds) {
    return Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
  }

  if (resend) {
    var label = resend.textContent;
    var ready = Date.now() + Number(resend.getAttribute("data-wait")) * 1000;
    var tick = function () {
      var left = Math.ceil((ready - Date.now()) / 1000);
      resend.disabled = left > 0;
      resend.textContent = left > 0 ? resend.getAttribute("data-waiting").replace("{time}", clock(left)) : label;
      if (left > 0) setTimeout(tick, 250);
    };
    tick();
  }

  if (until) {
    var end = new Date(until.getAttribute("data-until"));
    if (!isNaN(end)) {
      var time = end.toLocaleTimeString(root.lang, { hour: "numeric", minute: "2-digit", numberingSystem: "latn" });
      until.textContent = until.getAttribute("data-text").replace("{time}", time);
      until.hidden = false;
    }
  }

  if (verify && verify.hasAttribute("data-otp") && "OTPCredential" in window) {
    var wish = { otp: { transport: ["sms"] } };
    if (abort) wish.signal = abort.signal;
    navigator.credentials.get(wish).then(function (otp) {
      if (!otp || !otp.code || busy) return;
      code.value = otp.code;
      var button = verify.querySelector("button");
      // what is being approved has to be read before it is sent
      if (verify.hasAttribute("data-review")) button.focus();
      else button.click();
    }).catch(function () {});
  }
})();
`;
