/* What an application builds around the SDK, as small as can be: tests call these functions and read `seen`.

   The microphone is a tone of the page's own, so that who hears whom can be told by its frequency. */

const seen = { authen: [], events: [], states: [], incoming: [], infos: [] };
let client, call, analyser, sockets = [];

// The test closes sockets that the SDK has opened, as a network does.
const PlainWebSocket = window.WebSocket;
window.WebSocket = class extends PlainWebSocket {
  constructor(...args) {
    super(...args);
    sockets.push(this);
  }
};

function speak(hertz) {
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext();
    await context.resume();
    const tone = new OscillatorNode(context, { frequency: hertz });
    const level = new GainNode(context, { gain: 0.5 });
    const microphone = context.createMediaStreamDestination();
    tone.connect(level).connect(microphone);
    tone.start();
    return microphone.stream;
  };
}

function listen(stream) {
  const player = document.createElement("audio"); // without one, Chromium lets no remote sound through
  player.srcObject = stream;
  player.muted = true;
  player.play();
  const context = new AudioContext();
  context.resume();
  analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  context.createMediaStreamSource(stream).connect(analyser);
}

/** The loudest frequency that is heard now, in hertz; 0 for silence. */
function heard() {
  if (!analyser) return 0;
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  const loudest = levels.reduce((best, level, i) => (level > levels[best] ? i : best), 1);
  return levels[loudest] > -70 ? (loudest * analyser.context.sampleRate) / analyser.fftSize : 0;
}

function watch(next) {
  call = next;
  call.on("addremotestream", (stream) => listen(stream));
  call.on("signalingstate", (state) => seen.states.push([state.code, state.reason, state.sipCode]));
  call.on("mediastate", (state) => {
    const reason = state.reason ?? (state.isConnected ? "Connected" : "Disconnected"); // of calls in rooms
    seen.events.push("media " + reason);
  });
  call.on("otherdevice", (data) => seen.events.push("otherdevice " + data.type + " " + (data.code ?? "")));
  call.on("info", (info) => seen.infos.push(info));
  call.on("error", (error) => seen.events.push("error " + error.code));
}

function signIn(token, servers, apiBase) {
  client = new StringeeClient(servers, apiBase);
  for (const event of ["connect", "disconnect", "requestnewtoken"]) client.on(event, () => seen.events.push(event));
  client.on("authen", (answer) => seen.authen.push(answer));
  client.on("otherdeviceauthen", (data) => seen.events.push("otherdeviceauthen " + data.status));
  client.on("custommessage", (data) => seen.events.push("custommessage " + JSON.stringify(data)));
  client.on("incomingcall", (incoming) => show(incoming, 1));
  client.on("incomingcall2", (incoming) => show(incoming, 2));
  client.connect(token);
}

function show(incoming, kind) {
  seen.incoming.push({
    kind,
    callId: incoming.callId,
    from: incoming.fromNumber,
    to: incoming.toNumber,
    via: incoming.toAlias,
    internal: incoming.fromInternal,
    custom: incoming.customDataFromYourServer,
  });
  watch(incoming);
}

/** Place a call, with `kind` 2 in a room. Resolves with the server's answer. */
function dial(from, to, kind) {
  watch(kind === 2 ? new StringeeCall2(client, from, to, false) : new StringeeCall(client, from, to));
  return new Promise((resolve) => call.makeCall(resolve));
}

function ask(method, ...args) {
  return new Promise((resolve) => call[method](...args, resolve));
}

function breakSocket() {
  sockets.at(-1).close();
}
