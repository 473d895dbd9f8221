#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""--format html: the pages of a plan, of checks and of a fleet, as text and in headless Chromium.

KEEP=DIR keeps the screenshots, light and dark, wide and narrow, there.
"""

import base64
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "judge"))

from program import PLANNER
from tap import Tap

BROWSERS = ["chromium-headless-shell", "chromium"]
CASES = os.path.join(HERE, "cases")
MAKE_NODE = os.path.join(HERE, "hosts", "make-node.py")
MANY = os.path.join(CASES, "check-many", "inventory.ini")
MANY_HOST = "pack:2 [numa(memory=68719476736)] l3:1 core:6 pu:2(indexes=2*12:12*1)"
HOSTILE = """[node]
name = <b onclick="alert(1)">&"]]>
[vm <script>alert(1)]
vcpus = 2
[vm "><img src=x onerror='document.title=1'>]
vcpus = 2
[vm many]
vcpus = 2
count = 90
"""
HOST = "pack:1 [numa(memory=68719476736)] l3:1 core:4 pu:2(indexes=2*4:4*1)"
VOID = {"meta", "link", "img", "br", "input"}
# Of pages and of what draws: nothing that fetches, frames or sends.
TAGS = {"html", "head", "meta", "title", "style", "body", "main", "script", "header", "h1", "h2", "p", "div", "b", "span",
        "section", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ul", "li", "dl", "dt", "dd", "code",
        "pre", "i", "figure", "svg", "rect", "text", "line"}


def run(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, **more)


class Reader(html.parser.HTMLParser):
    """What a page is made of, and what is wrong with how its elements nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.faults, self.text = [], set(), [], ""
        self.ids, self.links = [], []
        self.feed(text)
        self.faults += [f"{tag} is not closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "srcset", "action") or name.startswith("on") or name == "style":
                self.links.append(f"{tag} {name}={value}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data


def look(tap, name, text):
    """A page is whole, and nothing in it reaches out."""
    page = Reader(text)
    tap.ok(text.startswith("<!DOCTYPE html>") and not page.faults, f"{name}: elements nest", page.faults[:3])
    tap.ok(page.tags <= TAGS, f"{name}: no other elements", page.tags - TAGS)
    tap.ok(not page.links and "url(" not in text and "@import" not in text, f"{name}: nothing is fetched", page.links[:3])
    tap.ok(len(page.ids) == len(set(page.ids)), f"{name}: no id twice")
    tap.ok("default-src 'none'" in text and "unsafe" not in text, f"{name}: its policy lets nothing else run")
    return page


class Browser:
    """Chromium, spoken to through pipes: its descriptors 3 and 4."""

    def __init__(self, program, folder):
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()

        def descriptors():
            # Above 4 first: neither may be closed by the other's dup2().
            low, high = os.dup(to_read), os.dup(back_write)
            first, second = os.dup(low), os.dup(high)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
             f"--user-data-dir={folder}/profile", "about:blank"],
            preexec_fn=descriptors, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, HOME=folder))
        os.close(to_read)
        os.close(back_write)
        self.number, self.rest, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def message(self):
        while b"\0" not in self.rest:
            more = os.read(self.back, 1 << 20)
            if not more:
                raise EOFError("Chromium is gone")
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                return answer.get("result") or {"error": answer.get("error")}
            self.events.append(answer)

    def go(self, url):
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())

    def value(self, expression):
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def complaints(self):
        """Errors and warnings of the console, exceptions, and what was fetched besides the page."""
        found = []
        for event in self.events:
            method, of = event.get("method"), event.get("params", {})
            if method == "Log.entryAdded" and of["entry"]["level"] in ("error", "warning"):
                found.append(of["entry"]["text"])
            elif method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening"):
                found.append(method)
            elif method == "Network.requestWillBeSent" and of.get("type") != "Document":
                found.append(of["request"]["url"])
        return found

    def media(self, width, dark, media="screen"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def shot(self, path):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def end(self):
        self.session = None
        self.call("Browser.close")
        self.process.wait(30)
        os.close(self.to)
        os.close(self.back)


BACKGROUND = "getComputedStyle(document.body).backgroundColor"
SHOWN = "[...document.querySelectorAll('tbody tr')].filter(row => !row.hidden && row.offsetParent).length"
COLUMN = "[...document.querySelectorAll('table')[{0}].tBodies[0].rows].map(row => row.cells[{1}].textContent)"
CLICK = "document.querySelectorAll('table')[{0}].tHead.rows[0].cells[{1}].firstChild.click()"
FILTER = "(() => {{ const i = document.querySelector('input'); i.value = '{}'; i.dispatchEvent(new Event('input')); }})()"


def look_in_browser(tap, browser, name, path, keep):
    colors = {}
    for width in (1280, 400) if name in ("plan", "many", "fleet") else (400,):
        for dark in (False, True):
            browser.media(width, dark)
            browser.go("file://" + path)
            colors[dark] = browser.value(BACKGROUND)
            wide = browser.value("document.documentElement.scrollWidth")
            where = f"{name}, {width} px, {'dark' if dark else 'light'}"
            tap.ok(not browser.complaints(), f"{where}: the console is silent", browser.complaints())
            tap.ok(wide <= width, f"{where}: nothing is beyond the edge", wide)
            if keep:
                browser.shot(os.path.join(keep, re.sub(r"[ ,]+", "-", where) + ".png"))
    tap.ok(colors[False] == "rgb(255, 255, 255)" and colors[True] != colors[False], f"{name}: dark where it is asked for",
           colors)
    browser.media(800, True, "print")
    tap.ok(browser.value(BACKGROUND) == "rgb(255, 255, 255)"
           and browser.value("getComputedStyle(document.querySelector('.tools')).display") == "none"
           and browser.value("[...document.querySelectorAll('details li')].every(e => e.checkVisibility())"),
           f"{name}: printed on white, all unfolded", browser.value(BACKGROUND))
    browser.media(1280, False)


def use_in_browser(tap, browser, paths):
    browser.go("file://" + paths["fleet"])
    browser.value(CLICK.format(0, 1))
    down = browser.value(COLUMN.format(0, 1))
    browser.value(CLICK.format(0, 1))
    up = browser.value(COLUMN.format(0, 1))
    tap.ok(down == ["8", "4", "4", "0", "0"] and up == down[::-1], "a click sorts numbers, the most first; another turns it",
           (down, up))
    browser.value(CLICK.format(0, 0))
    names = browser.value(COLUMN.format(0, 0))
    tap.ok(names == sorted(names) and len(names) == 5, "and names from a to z", names)
    before = browser.value(SHOWN)
    browser.value(FILTER.format("EPYC"))
    tap.ok(before > 1 and browser.value(SHOWN) == 1, "the filter leaves the lines that have the word", browser.value(SHOWN))
    browser.value(FILTER.format(""))
    tap.ok(browser.value(SHOWN) == before, "and, emptied, all of them")
    browser.go("file://" + paths["many"])
    is_open = "[...document.querySelectorAll('details')].filter(e => e.open).length"
    first = browser.value(is_open)
    browser.value("document.querySelector('.tools button').click()")
    every = browser.value(is_open)
    browser.value("document.querySelector('.tools button').click()")
    tap.ok(0 < first < every and browser.value(is_open) == 0, "findings fold, one by one and all at once", (first, every))
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.go("file://" + paths["many"])
    tap.ok(browser.value("!document.querySelector('.tools') && document.querySelector('details').open"
                         " && document.querySelectorAll('tbody tr').length > 3"), "without scripts all is there")
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    browser.go("file://" + paths["hostile"])
    tap.ok(not browser.complaints() and browser.value("document.title").endswith("]]>")
           and not browser.value("document.querySelectorAll('img, b[onclick], main script').length"),
           "hostile names stay text in the browser", browser.complaints())


def pages(folder):
    """name → text of each."""
    x6 = os.path.join(CASES, "x6", "inventory.ini"), os.path.join(HERE, "hosts", "x6.xml")
    found = {"plan": run(PLANNER, "plan", "-i", x6[0], "-t", x6[1], "--format", "html").stdout}
    hostile = os.path.join(folder, "hostile.ini")
    with open(hostile, "w", encoding="utf-8") as file:
        file.write(HOSTILE)
    found["hostile"] = run(PLANNER, "plan", "-i", hostile, "-t", HOST, "--format", "html").stdout
    with open(os.path.join(folder, "plan.json"), "w", encoding="utf-8") as file:
        file.write(run(PLANNER, "plan", "--json", "-i", MANY, "-t", MANY_HOST).stdout)
    os.mkdir(os.path.join(folder, "inventories"))
    for node, faults in (("node-a", []), ("node-b", ["irq-on-isolated", "core-shared"]), ("node-c", ["irq-on-isolated"])):
        root = os.path.join(folder, node)
        run(sys.executable, MAKE_NODE, os.path.join(folder, "plan.json"), root,
            *(word for fault in faults for word in ("--fault", fault)))
        hostname = os.path.join(root, "proc/sys/kernel/hostname")
        os.chmod(hostname, 0o644)
        with open(hostname, "w", encoding="ascii") as file:
            file.write(node + "\n")
        with open(MANY, encoding="utf-8") as file:
            text = re.sub(r"(?m)^name *=.*", f"name = {node}", file.read())
        with open(os.path.join(folder, "inventories", f"{node}.ini"), "w", encoding="utf-8") as file:
            file.write(text)
    many = run(PLANNER, "check", "-i", "inventories", "--format", "html", "node-a", "node-b", "node-c", "nowhere", cwd=folder)
    found["many"], found["status"] = many.stdout, many.returncode
    target = os.path.join(folder, "one.html")
    run(PLANNER, "check", "-r", "node-b", "-i", "inventories/node-b.ini", "--format", "html", "-o", target, cwd=folder)
    with open(target, encoding="utf-8") as file:
        found["one"] = file.read()
    found["bare"] = run(PLANNER, "check", "-r", "node-b", "--format", "html", cwd=folder).stdout
    found["fleet"] = run(PLANNER, "fit", "--fleet", "rack.jsonl", "--vm", "8:16G", "--vm", "16:32G", "--format", "html",
                         cwd=os.path.join(CASES, "fleet")).stdout
    return found


def read_pages(tap, found, picture):
    read = {name: look(tap, name, text) for name, text in found.items()}
    tap.ok("vm13" in read["plan"].text and "isolcpus=4-17" in read["plan"].text
           and "13 of 13" in read["plan"].text, "a plan has its VMs, its line, and how many are placed")
    maps = {name: text.count("<svg ") for name, text in found.items()}
    tap.ok(not picture or maps == {"plan": 1, "hostile": 1, "many": 3, "one": 1, "bare": 1, "fleet": 0},
           "each node has its map", maps)
    drawn = found["bare"][found["bare"].find("<svg "):]
    tap.ok(not picture or ("no plan given" in read["bare"].text and all(word in drawn for word in (">host P#", ">d1 v1 P#"))),
           "without a plan it is drawn of what runs", drawn[:400])
    tap.ok(read["many"].text.index("nowhere") < read["many"].text.index("node-b") and "irq.on-isolated" in read["many"].text
           and "No such file" in read["many"].text, "several nodes: the worst first, findings by rule")
    tap.ok(re.search(r"class=\"number heat heat8\">8<", found["fleet"]) and re.search(r"heat0\">0<", found["fleet"]),
           "a fleet's capacity is a heat map")
    tap.ok("<script>alert(1)" in read["hostile"].text and "onerror=" in read["hostile"].text,
           "hostile names are text")


def refusals(tap):
    for words, wanted in ((["fit", "-t", HOST, "--format", "html"], "for a fleet"),
                          (["fit", "--fleet", "x", "--place", "y", "--format", "html"], "--place"),
                          (["plan", "-t", HOST, "--format", "html", "--json"], "is not --json"),
                          (["plan", "-t", HOST, "--format", "htm"], "people, json, html")):
        done = run(PLANNER, *words)
        tap.ok(done.returncode == 2 and wanted in done.stderr and not done.stdout, f"refused: {' '.join(words)}", done.stderr)


def templates(tap, folder):
    site = os.path.join(folder, "site")
    os.makedirs(os.path.join(site, "page"))
    with open(os.path.join(site, "page", "style.css"), "w", encoding="ascii") as file:
        file.write("h1 { color: red }\n")
    words = [PLANNER, "check", "-r", os.path.join(folder, "node-a"), "--format", "html", "--templates", site]
    done = run(*words)
    tap.ok("<style>h1 { color: red }\n</style>" in done.stdout, "a site has a style of its own", done.stderr)
    with open(os.path.join(site, "page", "style.css"), "w", encoding="ascii") as file:
        file.write("${color}\n")
    done = run(*words)
    tap.ok(done.returncode == 2 and not done.stdout and "${color}" in done.stderr, "a wrong one is an error", done.stderr)


def main():
    tap = Tap()
    browser_program = next(filter(shutil.which, BROWSERS), None)
    with tempfile.TemporaryDirectory() as folder:
        found = pages(folder)
        tap.ok(found.pop("status") == 2, "a node that cannot be checked is the exit status")
        read_pages(tap, found, shutil.which("lstopo-no-graphics"))
        refusals(tap)
        templates(tap, folder)
        if not browser_program:
            tap.skip("pages in a browser", "chromium-headless-shell is not installed")
            return tap.done()
        paths = {}
        for name, text in found.items():
            paths[name] = os.path.join(folder, f"{name}.html")
            with open(paths[name], "w", encoding="utf-8") as file:
                file.write(text)
        browser = Browser(browser_program, folder)
        try:
            for name, path in paths.items():
                look_in_browser(tap, browser, name, path, os.environ.get("KEEP"))
            use_in_browser(tap, browser, paths)
        finally:
            browser.end()
    return tap.done()


sys.exit(main())
