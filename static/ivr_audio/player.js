/* Players of greeting files: one plays at a time; the picture of the sound is the position. */
"use strict";

(() => {
  const timeText = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  const parts = (inside) => {
    const box = inside.closest("[data-player]");
    return box && {
      box,
      audio: box.querySelector("audio"),
      button: box.querySelector(".greeting-play"),
      slider: box.querySelector("input[type=range]"),
      played: box.querySelector(".greeting-played"),
      time: box.querySelector(".greeting-time"),
      failed: box.querySelector(".greeting-failed"),
    };
  };

  const show = (player) => {
    const { audio, button, slider, played, time } = player;
    const position = audio.ended ? 0 : audio.currentTime;
    const playing = !audio.paused && !audio.ended;
    button.setAttribute("aria-pressed", String(playing));
    button.querySelector("span").textContent = playing ? "pause" : "play_arrow";
    slider.value = position;
    slider.setAttribute("aria-valuetext", timeText(position));
    played.style.clipPath = `inset(0 ${100 - (100 * position) / Number(slider.max)}% 0 0)`;
    time.textContent = playing || position > 0 ? `${timeText(position)} / ${time.dataset.length}` : time.dataset.length;
  };

  const pauseOthers = (audio) => {
    for (const other of document.querySelectorAll("[data-player] audio")) if (other !== audio) other.pause();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest(".greeting-play");
    if (!button) return;
    const { audio, failed } = parts(button);
    if (audio.paused) {
      failed.hidden = true;
      pauseOthers(audio);
      audio.play().catch((error) => { failed.hidden = error.name === "AbortError"; });
    } else audio.pause();
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-player] input[type=range]")) return;
    const player = parts(event.target);
    player.audio.currentTime = Number(event.target.value);
    show(player);
  });

  // Events of audio do not bubble; they can be caught on their way down.
  for (const name of ["timeupdate", "play", "pause", "ended", "seeked"]) {
    document.addEventListener(name, (event) => {
      const player = event.target instanceof HTMLMediaElement && parts(event.target);
      if (player) show(player);
    }, true);
  }
})();
