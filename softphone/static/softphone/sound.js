/* Sounds that the page makes itself: ringing, keys, the check of the loudspeaker; and the output of calls. */

const DTMF_ROWS = [697, 770, 852, 941];
const DTMF_COLUMNS = [1209, 1336, 1477, 1633];
const KEYS = "123A456B789C*0#D";
const RING_HZ = [440, 480];
const RING_ON_S = 1;
const RING_CYCLE_S = 4;

let context = null;
let speaker = ""; // a device's id; empty: the system's

/** Be heard by this loudspeaker from now on, in calls too; empty: the system's. Some browsers have no choice. */
export function hearBy(deviceId, ...elements) {
  speaker = deviceId;
  for (const each of [context, ...elements]) setSpeaker(each);
}

export function maySpeakerBeChosen() {
  return "setSinkId" in HTMLMediaElement.prototype;
}

function setSpeaker(output) {
  output?.setSinkId?.(speaker).catch(() => {}); // unplugged: what is heard stays where it was
}

function audio() {
  if (!context) {
    context = new AudioContext();
    if (speaker) setSpeaker(context);
  }
  if (context.state === "suspended") context.resume().catch(() => {});
  return context;
}

/** Whether the browser lets this page be heard; it may want a click first. */
export async function mayBeHeard() {
  const made = audio();
  await Promise.race([made.resume(), new Promise((resolve) => setTimeout(resolve, 200))]);
  return made.state === "running";
}

function tone(frequencies, from, seconds, volume) {
  const made = audio();
  const gain = made.createGain();
  gain.gain.setValueAtTime(0, from);
  gain.gain.linearRampToValueAtTime(volume, from + 0.01);
  gain.gain.setValueAtTime(volume, from + seconds - 0.02);
  gain.gain.linearRampToValueAtTime(0, from + seconds);
  gain.connect(made.destination);
  for (const frequency of frequencies) {
    const oscillator = made.createOscillator();
    oscillator.frequency.value = frequency;
    oscillator.connect(gain);
    oscillator.start(from);
    oscillator.stop(from + seconds);
  }
  return gain;
}

/** Ring until the returned function is called. `file`: the address of a sound to ring with instead. */
export function ring(file = "") {
  if (file) {
    const player = new Audio(file);
    player.loop = true;
    player.play().catch(() => {});
    return () => player.pause();
  }
  let playing = null;
  const once = () => { playing = tone(RING_HZ, audio().currentTime, RING_ON_S, 0.15); };
  once();
  const timer = setInterval(once, RING_CYCLE_S * 1000);
  return () => {
    clearInterval(timer);
    playing?.disconnect();
  };
}

/** What a key of a telephone sounds like. */
export function keySound(key) {
  const place = KEYS.indexOf(key);
  if (place >= 0) tone([DTMF_ROWS[place >> 2], DTMF_COLUMNS[place & 3]], audio().currentTime, 0.12, 0.08);
}

/** A short melody for checking the loudspeaker. */
export function chime() {
  const from = audio().currentTime;
  [523, 659, 784].forEach((hz, index) => tone([hz], from + index * 0.2, 0.25, 0.15));
}

/** Let a call be heard through an element; false when the browser wants a click first. */
export async function hear(element, stream) {
  element.srcObject = stream;
  if (speaker) setSpeaker(element);
  try {
    await element.play();
    return true;
  } catch (error) {
    return error.name !== "NotAllowedError";
  }
}

/** How loud a stream is, 0 to 1, many times a second, until the returned function is called. */
export function watchLevel(stream, tell) {
  const made = audio();
  const source = made.createMediaStreamSource(stream);
  const analyser = made.createAnalyser();
  analyser.fftSize = 512;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let frame = 0;
  const look = () => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    tell(Math.min(1, Math.sqrt(power) * 4));
    frame = requestAnimationFrame(look);
  };
  look();
  return () => {
    cancelAnimationFrame(frame);
    source.disconnect();
  };
}
