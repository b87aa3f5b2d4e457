// Optional enhancements of the pages. All functions work without scripts.
"use strict";

// Updates the progress of the last change's jobs until all are done. A page that the user is leaving is not loaded again:
// that would cancel the way to the next page. Nor is a page in which the user has typed or chosen something.
let isLeft = false;
let isTouched = false;
for (const kind of ["input", "change"]) {
  addEventListener(kind, () => {
    isTouched = true;
  });
}
addEventListener("beforeunload", () => {
  isLeft = true;
});
for (const notice of document.querySelectorAll("[data-progress]")) {
  const text = notice.querySelector("[data-text]");
  const look = async () => {
    const answer = await fetch(notice.dataset.progress, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const progress = await answer.json();
    if (progress.left > 0) {
      text.textContent = progress.text;
      setTimeout(look, 1000);
    } else if (isTouched) {
      text.textContent = "This is done";
    } else if (!isLeft) {
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

// Takes over a tick that was set or removed after the search was sent. A row that the new list does not have sends its
// change in hidden fields.
const keepTick = (box, fresh) => {
  const same = fresh.querySelector(`input[type=checkbox][value="${CSS.escape(box.value)}"]`);
  if (same) {
    same.checked = box.checked;
    return;
  }
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = box.checked ? "member" : "shown";
  field.value = box.value;
  fresh.append(field);
  fresh.dataset.chosen = Number(fresh.dataset.chosen) + (box.checked ? 1 : -1);
};

// Search while typing: submits the form and replaces the list with the one in the response. The bar with the search field
// stays, so that no click on it is lost. `isLatest` tells whether the response is still wanted.
const search = async (form, picker, isLatest) => {
  const boxes = [...picker.querySelectorAll("input[type=checkbox]")];
  const sent = new Map(boxes.map((box) => [box, box.checked]));
  const body = new URLSearchParams(new FormData(form));
  body.set("do", "search");
  const answer = await fetch(form.action, { method: "POST", body });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-picker]");
  const draft = page.querySelector("input[name=draft]");
  if (!fresh || !draft || !isLatest()) return;
  form.querySelector("input[name=draft]").value = draft.value;
  for (const [box, checked] of sent) {
    if (box.checked !== checked) keepTick(box, fresh);
  }
  const [bar, freshBar] = [picker.querySelector(".bar"), fresh.querySelector(".bar")];
  while (bar.nextSibling) bar.nextSibling.remove();
  while (freshBar.nextSibling) picker.append(freshBar.nextSibling);
  picker.dataset.chosen = fresh.dataset.chosen;
  counted(picker);
};

for (const picker of document.querySelectorAll("[data-picker]")) {
  const form = picker.closest("form");
  let waiting;
  let latest = 0;
  const startAnew = () => {
    clearTimeout(waiting);
    latest += 1;
  };
  picker.addEventListener("change", (event) => {
    if (event.target.type === "checkbox") counted(picker);
  });
  picker.addEventListener("input", (event) => {
    if (event.target.type !== "search") return;
    startAnew();
    const number = latest;
    waiting = setTimeout(() => search(form, picker, () => number === latest), 250);
  });
  // The page that the form opens takes the place of the list.
  form.addEventListener("submit", startAnew);
}

// A field that is typed into chooses its line.
for (const choice of document.querySelectorAll(".choice")) {
  choice.addEventListener("input", (event) => {
    const radio = choice.querySelector("input[type=radio]");
    if (radio && event.target !== radio && event.target.value !== "") radio.checked = true;
  });
}
