/* Uploading greeting files: dropped or chosen, each with a description, sent one after the other. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("greeting-upload");
  if (!form) return;
  const field = document.getElementById("greeting-files");
  const drop = document.getElementById("greeting-drop");
  const list = document.getElementById("greeting-list");
  const send = document.getElementById("greeting-send");
  const status = document.getElementById("greeting-status");
  const texts = JSON.parse(document.getElementById("greeting-texts").textContent);
  const mostBytes = Number(form.dataset.mostBytes);
  const descriptionLength = Number(form.dataset.descriptionLength);
  const waiting = new Map(); // row → file
  let counter = 0;

  const sizeText = (bytes) => bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  const say = (row, text, kind) => {
    row.querySelector(".greeting-file-state").textContent = text;
    row.classList.toggle("is-refused", kind === "refused");
    row.classList.toggle("is-stored", kind === "stored");
  };

  const add = (file) => {
    const row = document.getElementById("greeting-row").content.firstElementChild.cloneNode(true);
    const [label, description] = [row.querySelector("label"), row.querySelector("input")];
    row.querySelector(".greeting-file-name").textContent = file.name;
    row.querySelector(".greeting-file-size").textContent = sizeText(file.size);
    row.querySelector("[data-remove] .sr-only").textContent += ` ${file.name}`;
    label.htmlFor = description.id = `greeting-description-${counter += 1}`;
    description.value = file.name.replace(/\.[^.]+$/, "").normalize("NFC").slice(0, descriptionLength);
    row.querySelector("[data-remove]").addEventListener("click", () => {
      waiting.delete(row);
      row.remove();
      field.focus();
    });
    list.append(row);
    if (file.size > mostBytes) say(row, texts.tooLarge, "refused");
    else if (!file.size) say(row, texts.empty, "refused");
    else waiting.set(row, file);
    if (!waiting.has(row)) row.querySelector(".pcc-field").hidden = true;
  };

  const addAll = (files) => { for (const file of files) add(file); };
  field.addEventListener("change", () => { addAll(field.files); field.value = ""; });
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("is-over"); });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("is-over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("is-over");
    addAll(event.dataTransfer.files);
  });

  const post = (row, file) => new Promise((resolve) => {
    const progress = row.querySelector("progress");
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.append("description", row.querySelector("input").value);
    body.append("files", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.action || window.location.pathname);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    progress.hidden = false;
    request.upload.addEventListener("progress", (event) => {
      progress.value = event.lengthComputable ? (100 * event.loaded) / event.total : 0;
      say(row, texts.uploading.replace("{percent}", Math.round(progress.value)));
    });
    request.upload.addEventListener("load", () => {
      progress.removeAttribute("value"); // it takes as long as it takes
      say(row, texts.checking);
    });
    request.addEventListener("loadend", () => {
      progress.hidden = true;
      resolve(request);
    });
    request.send(body);
  });

  const store = async (row, file) => {
    const [description, remove] = [row.querySelector(".pcc-field"), row.querySelector("[data-remove]")];
    description.hidden = remove.hidden = true;
    const request = await post(row, file);
    const answer = request.response;
    if (request.status === 200 && answer && answer.address) {
      waiting.delete(row);
      say(row, texts.ready, "stored");
      const link = document.createElement("a");
      link.className = "text-link underline";
      link.href = answer.address;
      link.textContent = answer.name;
      row.querySelector(".greeting-file-name").replaceChildren(link);
      row.querySelector(".greeting-file-player").innerHTML = answer.player;
      return true;
    }
    remove.hidden = false;
    if (answer && answer.error) {
      waiting.delete(row);
      say(row, answer.error, "refused");
    } else {
      say(row, request.status ? texts.signIn : texts.failed, "refused");
      description.hidden = false; // may be tried again
    }
    return false;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!waiting.size) {
      status.textContent = texts.nothing;
      field.focus();
      return;
    }
    send.disabled = true;
    let [stored, refused] = [0, 0];
    for (const [row, file] of [...waiting]) {
      if (await store(row, file)) stored += 1;
      else refused += 1;
    }
    send.disabled = false;
    status.textContent = texts.summary.replace("{stored}", stored).replace("{refused}", refused);
  });
});
