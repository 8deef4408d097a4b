/* The embeddable telephone: one script tag, one global, StringeeSoftPhone. Its API is that of the well-known widget of
   this name (docs/softphone.md), so that pages made for it work here: names, events, options and sizes are kept, and the
   few private members that pages touch.

   The telephone lives in an iframe without an address of its own: it shares the page's origin, as such pages expect, and
   so its microphone permission. Everything it loads comes from where this script comes from. */
(function () {
  "use strict";

  var SCRIPT = document.currentScript && document.currentScript.src;
  var BASE = new URL("/static/softphone/", SCRIPT || location.href).href;
  var SIZES = { full: { width: 287, height: 538 }, min: { width: 206, height: 44 }, none: { width: 0, height: 0 } };
  var Z_INDEX = 16000015;
  var EDGES = ["top", "left", "right", "bottom"];
  var RESULT = { OK: 0, NOT_READY: 1, BUSY: 2 };

  var phone = window.StringeeSoftPhone || {};
  if (phone._onMethods) return; // the script is in the page twice
  window.StringeeSoftPhone = phone;

  var DEFAULTS = {
    showMode: "full",
    top: undefined,
    left: undefined,
    right: undefined,
    bottom: undefined,
    arrowDisplay: "top",
    arrowLeft: 20,
    fromNumbers: [],
    askCallTypeWhenMakeCall: false,
    appendToElement: null,
    makeAndReceiveCallInNewPopupWindow: false,
    showButtonClose: true,
    routingType: 1,
    connected: false,
    lang: "",
    ringToneFile: "",
    autoPickUp: false,
    recentCalls: [],
    baseUrl: BASE,
    _stringeeServerAddr: "",
    _stringeeServerAddrs: [],
    _ready: false,
    _iframe: null,
    _wrapper: null,
    _arrow: null,
    _popup: null,
    _token: "",
    _initialized: false,
  };
  for (var name in DEFAULTS) if (!(name in phone)) phone[name] = DEFAULTS[name];
  phone._onMethods = new Map();

  // ── Setting up ──────────────────────────────────────────────────────────────────────────────────────────────────
  phone.init = function (config) {
    phone.config(config);
    if (phone._initialized) return;
    phone._initialized = true;
    window.addEventListener("beforeunload", guard);
    whenPageIsThere(build);
  };

  phone.config = function (config) {
    var before = phone.showMode;
    for (var key in config || {}) if (config[key] !== phone[key] || !(key in phone)) phone[key] = config[key];
    if (!phone._wrapper) return;
    place();
    if (phone._ready) phone._iframe.contentWindow.stringeePhone.configure();
    if (before !== phone.showMode) phone._call("displayModeChange", phone.showMode);
  };

  phone.show = function (mode) {
    phone.config({ showMode: mode });
  };

  function whenPageIsThere(then) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", then, { once: true });
    else then();
  }

  function guard(event) {
    if (!busy() || phone._popup) return; // a call in a window goes on
    event.preventDefault();
    event.returnValue = "";
  }

  function build() {
    var home = phone.appendToElement ? document.getElementById(phone.appendToElement) : document.body;
    if (!home) return;
    phone._wrapper = element("div", "stringee_iframe_wrapper");
    phone._arrow = element("span", "drop-down-rectangle1");
    phone._arrow.setAttribute("aria-hidden", "true");
    phone._iframe = element("iframe", "stringee_iframe");
    phone._iframe.title = "Softphone";
    phone._iframe.allow = "microphone; autoplay";
    phone._iframe.style.cssText = "display:block;width:100%;height:100%;border:0;border-radius:inherit;color-scheme:light";
    phone._wrapper.append(phone._arrow, phone._iframe);
    home.append(phone._wrapper);
    place();
    write(phone._iframe.contentDocument);
  }

  function element(tag, className) {
    var made = document.createElement(tag);
    made.className = className;
    return made;
  }

  function write(inside) {
    inside.open();
    inside.write(
      '<!DOCTYPE html><html lang="' + language() + '"><head><meta charset="utf-8"><title>Softphone</title>' +
      '<link rel="stylesheet" href="' + BASE + 'widget/frame.css">' +
      '<script type="module" src="' + BASE + 'widget/frame.js"><\/script></head><body></body></html>'
    );
    inside.close();
  }

  function language() {
    var asked = phone.lang || new URL(SCRIPT || location.href).searchParams.get("lang") || document.documentElement.lang;
    return /^vi/i.test(asked) ? "vi" : "en";
  }

  // ── Where it is, and how large ──────────────────────────────────────────────────────────────────────────────────
  function place() {
    var style = phone._wrapper.style;
    var size = SIZES[phone.showMode] || SIZES.full;
    style.position = phone.appendToElement ? "absolute" : "fixed";
    style.zIndex = Z_INDEX;
    style.width = size.width + "px";
    style.height = size.height + "px";
    style.display = phone.showMode === "none" ? "none" : "block";
    style.borderRadius = "10px";
    style.boxShadow = "0 4px 24px rgba(17, 24, 39, .25)";
    EDGES.forEach(function (edge) { style[edge] = phone[edge] === undefined ? "" : phone[edge] + "px"; });
    placeArrow();
  }

  function placeArrow() {
    var shown = (phone.arrowDisplay === "top" || phone.arrowDisplay === "bottom") && phone.showMode === "full";
    var style = phone._arrow.style;
    style.cssText = "position:absolute;width:14px;height:14px;background:#0f766e;transform:rotate(45deg);z-index:-1";
    style.display = shown ? "block" : "none";
    style.left = phone.arrowLeft + "px";
    style[phone.arrowDisplay === "bottom" ? "bottom" : "top"] = "-6px";
  }

  // ── Being connected, and calling ────────────────────────────────────────────────────────────────────────────────
  phone.connect = function (token) {
    phone._token = token;
    if (phone._ready) inner().connect(token);
    if (popupIsThere() && phone._popup.stringeePhone) phone._popup.stringeePhone.connect(token);
  };

  phone.disconnect = function () {
    phone._token = "";
    if (phone._ready) inner().disconnect();
  };

  phone.makeCall = function (from, to, callback, callType) {
    var result = !phone._ready || !phone.connected ? RESULT.NOT_READY : busy() ? RESULT.BUSY : RESULT.OK;
    if (result === RESULT.OK) inner().makeCall(from, to, callType || "callout");
    if (typeof callback === "function") callback({ r: result, msg: ["Success", "Not ready", "Busy with another call"][result] });
  };

  phone.answerCall = function () {
    return Boolean(phone._ready && inner().answerCall());
  };

  phone.hangupCall = function () {
    return Boolean(phone._ready && holder().hangupCall());
  };

  phone.sendHold = function () {
    return Boolean(phone._ready && holder().hold(true));
  };

  phone.sendUnHold = function () {
    return Boolean(phone._ready && holder().hold(false));
  };

  phone.setLabelHtml = function (selector, html) {
    var found = phone._iframe && phone._iframe.contentDocument.querySelector(selector);
    if (found) found.innerHTML = html;
  };

  phone.setRingTone = function (url) {
    phone.ringToneFile = url;
  };

  phone.setRecentCalls = function (calls) {
    phone.config({ recentCalls: calls });
  };

  phone.setAutoPickUp = function (value) {
    phone.autoPickUp = Boolean(value);
    phone._call("setAutoPickCall", phone.autoPickUp);
  };

  /** Only the first handler of an event counts, as pages of this API expect. */
  phone.on = function (event, handler) {
    if (!phone._onMethods.has(event)) phone._onMethods.set(event, handler);
  };

  function inner() {
    return phone._iframe.contentWindow.stringeePhone;
  }

  /** The telephone that has the call: in the iframe, or in a window. */
  function holder() {
    return popupIsThere() && phone._popup.stringeePhone && phone._popup.stringeePhone.currentCall ? phone._popup.stringeePhone : inner();
  }

  function busy() {
    popupIsThere();
    return Boolean(phone._ready && inner().currentCall);
  }

  /** A window that was closed in an unusual way may have left its call here. */
  function popupIsThere() {
    if (phone._popup && phone._popup.closed) {
      phone._popup = null;
      inner().currentCall = null;
    }
    return Boolean(phone._popup);
  }

  // ── For the telephone in the iframe ─────────────────────────────────────────────────────────────────────────────
  phone._call = function (event) {
    var handler = phone._onMethods.get(event);
    if (!handler) {
      console.log("Please implement StringeeSoftPhone event: " + event);
      return undefined;
    }
    return handler.apply(phone, Array.prototype.slice.call(arguments, 1));
  };

  phone._hears = function (event) {
    return phone._onMethods.has(event);
  };

  /** A window for one call, when the page wants that and the browser lets it; else nothing, and the call stays here. */
  phone._openPopup = function (wanted) {
    if (!phone.makeAndReceiveCallInNewPopupWindow) return null;
    var size = "width=" + SIZES.full.width + ",height=" + SIZES.full.height;
    var popup = window.open("", "StringeeSoftPhoneCall", "popup," + size);
    if (!popup) return null;
    popup.stringeeWanted = wanted;
    write(popup.document);
    phone._popup = popup;
    return popup;
  };

  phone._hasPopup = function (popup) {
    phone._popup = popup;
  };

  phone._becomeReady = function () {
    phone._ready = true;
    if (phone._token) inner().connect(phone._token);
  };
})();
