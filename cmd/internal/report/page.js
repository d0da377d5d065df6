"use strict";
(() => {
	const form = document.querySelector(".filter");
	if (!form) return;
	const words = form.querySelector("[name=words]");
	const present = form.querySelector("[name=present]");
	const statuses = [...form.querySelectorAll("[name=status]")];
	const count = form.querySelector("output");
	const keys = [...document.querySelectorAll(".key")].map(card => ({
		card,
		text: card.querySelector("h3").textContent.toLowerCase() + " " + card.querySelector("dl").textContent.toLowerCase(),
		rows: [...card.querySelectorAll("tbody tr")].map(row => ({row, text: row.textContent.toLowerCase()})),
	}));
	const show = (element, yes) => { if (element.hidden === yes) element.hidden = !yes; };
	const filter = () => {
		const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
		const on = new Set(statuses.filter(box => box.checked).map(box => box.value));
		let shownKeys = 0, shownPlaces = 0;
		for (const key of keys) {
			let places = 0;
			if (on.has(key.card.dataset.status) && !(present.checked && key.card.dataset.present !== "yes")) {
				// Each word may stand in the key's story or in the place.
				const rest = wanted.filter(word => !key.text.includes(word));
				for (const {row, text} of key.rows) {
					const yes = rest.every(word => text.includes(word));
					show(row, yes);
					if (yes) places++;
				}
			}
			show(key.card, places > 0);
			if (places > 0) shownKeys++;
			shownPlaces += places;
		}
		count.value = `${shownKeys} of ${keys.length} keys, ${shownPlaces} places shown`;
	};
	let due = 0;
	form.addEventListener("input", () => { cancelAnimationFrame(due); due = requestAnimationFrame(filter); });
	form.addEventListener("submit", event => event.preventDefault());
	document.addEventListener("keydown", event => {
		if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && event.target !== words) {
			event.preventDefault();
			words.focus();
		} else if (event.key === "Escape" && event.target === words) {
			words.value = "";
			filter();
		}
	});
	form.hidden = false;
	filter();
})();
