// Optional enhancements of the pages. All functions work without scripts.
"use strict";

// Updates the progress of the last change's jobs until all are done.
for (const notice of document.querySelectorAll("[data-progress]")) {
  const text = notice.querySelector("[data-text]");
  const look = async () => {
    const answer = await fetch(notice.dataset.progress, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const progress = await answer.json();
    if (progress.left > 0) {
      text.textContent = progress.text;
      setTimeout(look, 1000);
    } else {
      location.reload();
    }
  };
  setTimeout(look, 500);
}

// Updates the number of selected learners.
const counted = (picker) => {
  const count = picker.querySelector("[data-count]");
  let chosen = Number(picker.dataset.chosen);
  for (const box of picker.querySelectorAll("input[type=checkbox]")) {
    if (box.checked !== box.defaultChecked) chosen += box.checked ? 1 : -1;
  }
  count.textContent = chosen === 1 ? "1 chosen" : chosen.toLocaleString("en") + " chosen";
};

// Search while typing: submits the form and replaces the list with the one in the response.
const search = async (form, picker) => {
  const body = new URLSearchParams(new FormData(form));
  body.set("do", "search");
  const answer = await fetch(form.action, { method: "POST", body });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-picker]");
  const draft = page.querySelector("input[name=draft]");
  if (!fresh || !draft) return;
  form.querySelector("input[name=draft]").value = draft.value;
  const typed = picker.querySelector("input[type=search]");
  const taken = fresh.querySelector("input[type=search]");
  // Keeps the text entered in the meantime and the cursor position.
  taken.replaceWith(typed);
  picker.replaceChildren(...fresh.childNodes);
  picker.dataset.chosen = fresh.dataset.chosen;
  typed.focus();
};

for (const picker of document.querySelectorAll("[data-picker]")) {
  const form = picker.closest("form");
  let waiting;
  picker.addEventListener("change", (event) => {
    if (event.target.type === "checkbox") counted(picker);
  });
  picker.addEventListener("input", (event) => {
    if (event.target.type !== "search") return;
    clearTimeout(waiting);
    waiting = setTimeout(() => search(form, picker), 250);
  });
}
