"""A real Chromium, where one is at hand."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATH = next(filter(None, map(shutil.which, NAMES)), None)
needs_chromium = pytest.mark.skipif(PATH is None, reason="no Chromium on this machine")

WIDTHS = (390, 1280)
_LOOK = """
const colours = text => {
  const n = (text.match(/[\\d.]+/g) || []).map(Number);
  const rgb = text.startsWith('color(') ? n.slice(0, 3).map(v => v * 255) : n.slice(0, 3);
  return {rgb, alpha: n.length > 3 ? n[3] : 1};
};
const light = rgb => {
  const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const [r, g, b] = rgb.map(v => linear(v / 255));
  return .2126 * r + .7152 * g + .0722 * b;
};
const ground = (el, view) => {
  for (; el; el = el.parentElement) {
    const c = colours(view.getComputedStyle(el).backgroundColor);
    if (c.alpha > .5 && c.rgb.length === 3) return c.rgb;
  }
  return [255, 255, 255];
};
const look = frame => {
  const page = frame.contentDocument, view = frame.contentWindow, dim = [], out = [];
  for (const el of page.querySelectorAll('main *')) {
    const own = [...el.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const box = el.getBoundingClientRect();
    const beyond = box.width && box.right > view.innerWidth + 1;
    if (beyond && !el.closest('.card')) out.push(el.tagName + el.className);
    if (!own || !box.width || el.closest('caption, title, desc')) continue;
    const style = view.getComputedStyle(el), svg = el.ownerSVGElement;
    const [a, b] = [light(colours(svg ? style.fill : style.color).rgb), light(ground(el, view))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) dim.push([el.tagName, el.textContent.trim().slice(0, 30), ratio]);
  }
  return {
    width: view.innerWidth, scroll: page.documentElement.scrollWidth, dim, out,
    hacked: Boolean(view.hacked || window.hacked),
    levels: [...page.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1])),
    unnamed: [...page.querySelectorAll('svg[role=img]')].filter(s =>
      !s.getAttribute('aria-labelledby').split(' ').every(id => page.getElementById(id))).length,
    ground: view.getComputedStyle(page.body).backgroundColor,
  };
};
addEventListener('load', () => {
  const found = [...document.querySelectorAll('iframe')].map(look);
  const place = document.createElement('pre');
  place.textContent = 'FOUND' + JSON.stringify(found) + 'END';
  document.body.append(place);
});
"""


def seen(page: str, folder) -> list[dict]:
    """What a browser makes of a page at each of `WIDTHS`."""
    frames = "".join(
        f'<iframe style="width:{width}px;height:900px;border:0" srcdoc="{html.escape(page)}">'
        "</iframe>"
        for width in WIDTHS
    )
    (folder / "frames.html").write_text(f"<body>{frames}<script>{_LOOK}</script></body>", "utf-8")
    said = _run(folder, "--dump-dom", "--virtual-time-budget=5000", name="frames.html")
    found = re.search(r"FOUND(\[.*?\])END</pre>", said, re.DOTALL)
    assert found, said[-2000:]
    return json.loads(html.unescape(found[1]))


def screenshot(page: str, folder, width: int, *, dark: bool):
    """The pixels of a page, (height, width, 3 or 4) from 0 to 1."""
    from matplotlib.image import imread

    (folder / "page.html").write_text(page, "utf-8")
    dark_mode = ["--force-dark-mode"] if dark else []
    words = (f"--screenshot={folder / 'shot.png'}", f"--window-size={width},1400", *dark_mode)
    _run(folder, *words, name="page.html")
    return imread(folder / "shot.png")


def _run(folder, *words, name):
    always = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [PATH, *always, profile, *words, (folder / name).as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout
