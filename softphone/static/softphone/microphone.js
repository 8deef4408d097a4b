/* The microphone, and why there is none. */

let chosen = "";

/** Speak with this microphone from the next call on; empty: the system's. */
export function choose(deviceId) {
  chosen = deviceId;
}

/** A stream of the microphone. Rejects with an Error whose message is `insecure`, `denied`, `missing` or `failed`. */
export async function openMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("insecure"); // browsers hide it from plain http pages
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (chosen) audio.deviceId = { ideal: chosen };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new Error(WHY[error.name] ?? "failed", { cause: error });
  }
}

const WHY = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
};

export function closeStream(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** The microphones by name, once access was given. */
export async function microphones() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter((each) => each.kind === "audioinput" && each.deviceId).map(({ deviceId, label }) => ({ deviceId, label }));
}
