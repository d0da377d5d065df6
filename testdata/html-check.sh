#!/bin/sh
# Opens HTML reports in headless Chromium and checks what only a browser can
# tell: nothing on the console, nothing loaded, nothing injected by hostile
# text, a filter that works by mouse and keyboard, two themes, and print.
#
#   testdata/html-check.sh FILE.html...
#
# Needs chromium (Debian's package) or $CHROMIUM. The driver, playwright-core,
# is installed by npm into ${PETRASCAN_TOOLS:-$HOME/.cache/petrascan-tools}.
# With $PICTURES set to a directory, screenshots and a PDF are left there.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 FILE.html..." >&2; exit 2; }
browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$browser" ] || { echo "$0: no chromium: apt-get install chromium" >&2; exit 2; }

version=1.64.1
tools=${PETRASCAN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/petrascan-tools}/playwright-$version
if [ ! -d "$tools/node_modules/playwright-core" ]; then
	mkdir -p "$tools"
	npm install --silent --no-fund --no-audit --prefix "$tools" "playwright-core@$version" >&2 || {
		echo "$0: npm could not install playwright-core@$version" >&2
		exit 2
	}
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/check.js" <<'SCRIPT'
const path = require("path");
const { pathToFileURL } = require("url");
const { chromium } = require("playwright-core");

const [browserPath, pictures, ...files] = process.argv.slice(2);
let failed = false;

async function check(browser, file) {
	const bad = [];
	const expect = (yes, what) => { if (!yes) bad.push(what); };
	const colors = [];
	for (const colorScheme of ["light", "dark"]) {
		const context = await browser.newContext({ colorScheme, viewport: { width: 1200, height: 900 } });
		const page = await context.newPage();
		page.on("console", m => bad.push(`console ${m.type()}: ${m.text()}`));
		page.on("pageerror", e => bad.push(`page error: ${e}`));
		page.on("dialog", d => { bad.push(`dialog: ${d.message()}`); d.dismiss(); });
		const loaded = [];
		page.on("request", r => { if (!r.url().startsWith("data:")) loaded.push(r.url()); });
		await page.goto(pathToFileURL(path.resolve(file)).href);
		expect(loaded.length === 1, `loads ${loaded.slice(1)}`);
		colors.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
		if (pictures) await page.screenshot({ path: path.join(pictures, `${path.basename(file, ".html")}-${colorScheme}.png`) });
		if (colorScheme === "dark") { await context.close(); continue; }

		const odd = await page.evaluate(() => {
			const odd = [];
			const allowed = new Set(("html head meta link title style body a header h1 h2 h3 p main section div svg line text g rect form label input " +
				"fieldset legend output article span dl dt dd code table thead tbody tr th td details summary pre ul li script").split(" "));
			for (const element of document.querySelectorAll("*")) {
				const name = element.localName;
				if (!allowed.has(name)) odd.push(`element ${name}`);
				for (const { name: attribute, value } of element.attributes) {
					if (attribute.startsWith("on") || attribute === "style" && value || attribute === "src") odd.push(`${name} has ${attribute}=${value}`);
					if (attribute === "href" && !/^(#|https:\/\/|data:,$)/.test(value)) odd.push(`${name} has ${attribute}=${value}`);
				}
			}
			if (document.scripts.length !== 1) odd.push(`${document.scripts.length} scripts`);
			const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
			if (new Set(ids).size !== ids.length) odd.push("an id twice");
			for (const a of document.querySelectorAll("a[href^='#']")) if (!document.getElementById(a.getAttribute("href").slice(1))) odd.push(`no target for ${a.outerHTML}`);
			for (const input of document.querySelectorAll("input")) if (!input.labels.length) odd.push("an input without a label");
			return odd;
		});
		bad.push(...odd);

		await page.keyboard.press("Tab");
		expect(await page.evaluate(() => document.activeElement.className) === "skip", "the first stop is not the skip link");

		const shown = () => page.evaluate(() => [...document.querySelectorAll("tbody tr")].filter(r => !r.hidden && !r.closest("[hidden]")).length);
		const settled = () => page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
		const all = await shown();
		if (all > 0) {
			await page.keyboard.press("/");
			expect(await page.evaluate(() => document.activeElement.name) === "words", "/ does not lead to the search");
			const word = await page.evaluate(() => document.querySelector("tbody code").textContent.trim().split(/\s/)[0]);
			await page.keyboard.insertText(word);
			await settled();
			const some = await shown();
			expect(some >= 1 && (some < all || all === 1), `searching for ${word} shows ${some} of ${all}`);
			expect((await page.textContent("output")).includes(`${some} places`), "the count is not told");
			await page.keyboard.insertText(" nothing has this word");
			await settled();
			expect(await shown() === 0, "a word that is nowhere still shows places");
			await page.keyboard.press("Escape");
			await settled();
			expect(await shown() === all, "Escape does not bring everything back");
			const status = await page.evaluate(() => document.querySelector(".key").dataset.status);
			const others = await page.evaluate(s => [...document.querySelectorAll(".key")].filter(k => k.dataset.status !== s).reduce((n, k) => n + k.querySelectorAll("tbody tr").length, 0), status);
			await page.uncheck(`input[value=${status}]`);
			await settled();
			expect(await shown() === others, `without ${status}: ${await shown()} places, want ${others}`);
			await page.check(`input[value=${status}]`);
			await page.check("input[name=present]");
			await settled();
			expect(await page.evaluate(() => [...document.querySelectorAll(".key:not([hidden])")].every(k => k.dataset.present === "yes")), "gone keys show as present");
			await page.uncheck("input[name=present]");
			await settled();
			const time = await page.evaluate(async () => {
				const words = document.querySelector("[name=words]");
				let worst = 0;
				for (const value of ["e", "en", "env", "env 1", ""]) {
					const start = performance.now();
					words.value = value;
					words.dispatchEvent(new Event("input", { bubbles: true }));
					await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
					worst = Math.max(worst, performance.now() - start);
				}
				return Math.round(worst);
			});
			console.log(`${file}: ${all} places; the slowest keystroke took ${time} ms`);
		}
		const pdf = await page.pdf({ format: "A4", ...(pictures && { path: path.join(pictures, `${path.basename(file, ".html")}.pdf`) }) });
		expect(pdf.subarray(0, 5).toString() === "%PDF-" && pdf.length > 5000, "does not print");
		await page.evaluate(() => { const s = document.createElement("script"); s.textContent = "window.ran = true"; document.body.append(s); }).catch(() => {});
		expect(!(await page.evaluate(() => window.ran)), "the policy lets a foreign script run");
		// The refusal just provoked is the one message there may be.
		const refusal = bad.findIndex(b => b.startsWith("console error") && b.includes("Content Security Policy"));
		if (refusal >= 0) bad.splice(refusal, 1);
		await context.close();
	}
	expect(colors[0] !== colors[1], `both themes are ${colors[0]}`);
	for (const b of bad) console.error(`${file}: ${b}`);
	if (bad.length) failed = true; else console.log(`${file}: fine`);
}

(async () => {
	const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync"] });
	for (const file of files) await check(browser, file);
	await browser.close();
	process.exit(failed ? 1 : 0);
})().catch(e => { console.error(String(e)); process.exit(2); });
SCRIPT
NODE_PATH=$tools/node_modules node "$work/check.js" "$browser" "${PICTURES:-}" "$@"
