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

/** Why nobody would be heard in a call now, as `openMicrophone` says it; empty when all is well. People may be asked. */
export async function microphoneProblem() {
  try {
    closeStream(await openMicrophone());
    return "";
  } catch (error) {
    return error.message;
  }
}

/** Tell when somebody lets this page have the microphone, or no longer; some browsers cannot. */
export async function onMicrophoneAllowed(changed) {
  const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
  permission?.addEventListener("change", changed);
}

/** Devices by name, once the microphone was given. `kind`: audioinput or audiooutput. */
export async function devices(kind) {
  const found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return found.filter((each) => each.kind === kind && each.deviceId).map(({ deviceId, label }) => ({ deviceId, label }));
}
