/**
 * Asks the browser for a passkey when the button is pressed, puts its answer into the form and sends that. Browsers from
 * before 2025 lack the functions for JSON: then the bytes are read and written by hand.
 */
export const PASSKEY_SCRIPT = String.raw`
(function () {
  "use strict";
  var form = document.getElementById("passkey");
  if (!form) return;
  var ask = document.getElementById("passkey-ask");
  var button = ask.querySelector("button");
  var problem = document.getElementById("passkey-problem");
  var root = document.documentElement;
  var making = form.hasAttribute("data-create");
  var options = JSON.parse(form.getAttribute(making ? "data-create" : "data-get"));
  var opened = Date.now();
  var asking = false;

  function say(what) {
    problem.lastElementChild.textContent = problem.getAttribute("data-" + what);
    problem.hidden = false;
  }

  function bytes(text) {
    return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), function (sign) {
      return sign.charCodeAt(0);
    });
  }

  function base64url(buffer) {
    var text = Array.prototype.map.call(new Uint8Array(buffer), function (byte) {
      return String.fromCharCode(byte);
    });
    return btoa(text.join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
  }

  function named(list) {
    return list.map(function (each) {
      return Object.assign({}, each, { id: bytes(each.id) });
    });
  }

  function parsed() {
    var parse = PublicKeyCredential[making ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON"];
    var left = Object.assign({}, options, { timeout: options.timeout - (Date.now() - opened) });
    if (typeof parse === "function") return parse.call(PublicKeyCredential, left);
    left.challenge = bytes(options.challenge);
    if (making) {
      left.user = Object.assign({}, options.user, { id: bytes(options.user.id) });
      left.excludeCredentials = named(options.excludeCredentials);
    } else left.allowCredentials = named(options.allowCredentials);
    return left;
  }

  function written(credential) {
    if (typeof credential.toJSON === "function") return credential.toJSON();
    var answer = credential.response;
    var response = { clientDataJSON: base64url(answer.clientDataJSON) };
    ["authenticatorData", "signature", "userHandle", "attestationObject"].forEach(function (name) {
      if (answer[name]) response[name] = base64url(answer[name]);
    });
    if (making && answer.getTransports) response.transports = answer.getTransports();
    var id = base64url(credential.rawId);
    return { id: id, rawId: id, type: credential.type, response: response, clientExtensionResults: {} };
  }

  function setAsking(value) {
    asking = value;
    root.classList.toggle("busy", value);
  }

  if (typeof PublicKeyCredential !== "function" || !navigator.credentials) return say("unsupported");
  ask.hidden = false;
  if (location.search === "?again") button.focus();

  button.addEventListener("click", function () {
    if (asking) return;
    // too late for somebody to find their key: the page has another question
    if (options.timeout - (Date.now() - opened) < 15000) return location.replace(form.getAttribute("data-page") + "?again");
    problem.hidden = true;
    setAsking(true);
    new Promise(function (resolve) {
      resolve(navigator.credentials[making ? "create" : "get"]({ publicKey: parsed() }));
    }).then(function (credential) {
      form.querySelector("[name=code]").value = JSON.stringify(written(credential));
      setAsking(false);
      if (form.requestSubmit) form.requestSubmit();
      else HTMLFormElement.prototype.submit.call(form);
    }).catch(function (error) {
      setAsking(false);
      say(making && error && error.name === "InvalidStateError" ? "known" : "refused");
    });
  });
})();
`;
