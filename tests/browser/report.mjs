// Opens a report in chromium with the network shut, and prints what was seen as JSON.
// Usage: node report.mjs CHROMIUM REPORT SCHEME:WIDTH...
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, report, ...wanted] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox"] });

const look = () => {
  const style = (element) => getComputedStyle(element).backgroundColor;
  const charts = [...document.querySelectorAll(".chart")];
  return {
    charts: charts.length,
    drawn: charts.filter((each) => each.querySelector(".main-svg .subplot, .main-svg .xy")).length,
    grounds: [...new Set(charts.map((each) => each.querySelector(".main-svg").style.background))],
    page: style(document.body),
    overflow: document.documentElement.scrollWidth - innerWidth,
    ticks: [...charts[0].querySelectorAll(".ytick")].map((each) => each.textContent),
    folded: document.querySelectorAll("details:not([open])").length,
    hacked: "hacked" in window,
  };
};

// Cells of the first screen whose texts lie over one another, or leave the screen.
const cramped = () => {
  const boxes = [...document.querySelectorAll(".cards th, .cards td")]
    .map((each) => each.getBoundingClientRect())
    .filter((box) => box.width && box.height);
  const over = (a, b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return boxes.filter(
    (box, i) => box.right > innerWidth + 1 || boxes.slice(i + 1).some((other) => over(box, other)),
  ).length;
};

// Charts are drawn in steps: wait until all have, or have no longer, this ground.
const painted = (page, ground, sought = true) =>
  page.waitForFunction(
    ([ground, sought]) =>
      [...document.querySelectorAll(".chart")].every(
        (each) => (each.querySelector(".main-svg").style.background === ground) === sought,
      ),
    [ground, sought],
  );

const visit = async (colorScheme, width) => {
  const context = await browser.newContext({
    colorScheme,
    offline: true,
    viewport: { width, height: 900 },
  });
  const page = await context.newPage();
  const problems = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("dialog", (dialog) => problems.push(`dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on("request", (request) => {
    if (!request.url().startsWith("file:")) problems.push(`request: ${request.url()}`);
  });
  await page.goto(pathToFileURL(report).href);
  await page.waitForFunction(
    () => ![...document.querySelectorAll(".chart:not(:has(.main-svg))")].some((each) => each.clientWidth),
  );
  const screens = await page.evaluate(() => document.documentElement.scrollHeight / innerHeight);
  const cards = await page.evaluate(cramped);
  // As a reader does: one heading after the other.
  for (const fold of await page.$$(".fold > summary")) await fold.click();
  await page.waitForFunction(() => !document.querySelector(".chart:not(:has(.main-svg))"));
  const first = await page.evaluate(look);
  await page.emulateMedia({ colorScheme: colorScheme === "dark" ? "light" : "dark" });
  await painted(page, first.grounds[0], false);
  const switched = await page.evaluate(look);
  await page.emulateMedia({ colorScheme });
  await painted(page, first.grounds[0]);
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  await painted(page, (colorScheme === "light" ? first : switched).grounds[0]);
  const printed = await page.evaluate(look);
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await painted(page, first.grounds[0]);
  const after = await page.evaluate(look);
  await context.close();
  return { scheme: colorScheme, width, problems, screens, cards, first, switched, printed, after };
};

const seen = [];
for (const each of wanted) {
  const [scheme, width] = each.split(":");
  seen.push(await visit(scheme, Number(width)));
}
console.log(JSON.stringify(seen));
await browser.close();
