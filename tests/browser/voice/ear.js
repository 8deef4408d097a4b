/* What a page hears, for tests: how loud each frequency is in the sound of its <audio> element, now.

   Read into the page; `ear.levels([hz, …])` gives decibels, `ear.loudest()` the loudest frequency in hertz, 0 for silence. */

window.ear ??= (() => {
  const SILENT_DB = -75;
  const HALF_WIDTH = 3; // bins: a tone that begins within the window is broader
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  let stream = null;
  let source = null;

  function listen() {
    const heard = document.getElementById("heard").srcObject;
    context.resume();
    if (heard === stream) return;
    source?.disconnect();
    stream = heard;
    source = heard && context.createMediaStreamSource(heard);
    source?.connect(analyser);
  }

  function spectrum() {
    listen();
    const levels = new Float32Array(analyser.frequencyBinCount);
    if (stream) analyser.getFloatFrequencyData(levels);
    else levels.fill(-Infinity);
    return levels;
  }

  return {
    levels(frequencies) {
      const all = spectrum();
      return frequencies.map((hz) => {
        const bin = Math.round((hz * analyser.fftSize) / context.sampleRate);
        return Math.max(...all.slice(bin - HALF_WIDTH, bin + HALF_WIDTH + 1));
      });
    },
    loudest() {
      const all = spectrum();
      const best = all.reduce((place, level, bin) => (level > all[place] ? bin : place), 1);
      return all[best] > SILENT_DB ? (best * context.sampleRate) / analyser.fftSize : 0;
    },
  };
})();
