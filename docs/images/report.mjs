// Takes the README's picture: the top of a report, down to its first chart.
// Usage: node docs/images/report.mjs CHROMIUM BUNDLE/report.html docs/images/report.png
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, report, picture] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox"] });
const page = await browser.newPage({ colorScheme: "light", viewport: { width: 1200, height: 900 } });
await page.goto(pathToFileURL(report).href);
await page.waitForFunction(() => !document.querySelector(".chart:not(:has(.main-svg))"));
const { y, height } = await page.locator("figure").first().boundingBox();
await page.screenshot({
  path: picture,
  fullPage: true,
  clip: { x: 0, y: 0, width: 1200, height: Math.ceil(y + height + 24) },
});
await browser.close();
