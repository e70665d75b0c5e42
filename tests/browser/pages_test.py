#!/usr/bin/env python3
"""Our pages in a real browser, with JavaScript and without: the forms, the cookies, the policy, and what people see."""
import os
import subprocess
import sys
import unittest

import chromium

PAGE_SERVER = os.environ.get("TOKENLEDGER_PAGE_SERVER", "build/tests/page_server")
SKIPPED = 77  # what ctest reads as "skipped" (SKIP_RETURN_CODE)
PAGES = ("sign-in", "sign-in-account", "sign-in-wrong", "sign-in-limited", "sign-in-hostile", "consent", "consent-more",
         "consent-hostile", "account", "account-empty", "account-password", "account-hostile", "error",
         "error-hostile", "stale")
PASSWORD = "correct horse"
TEXT_CONTRAST_MIN = 4.5   # WCAG 2.2 §1.4.3
EDGE_CONTRAST_MIN = 3.0   # §1.4.11
TARGET_PIXELS_MIN = 24    # §2.5.8

# Each element with text of its own, and each field and button, with what is behind it.
LOOK = """
(() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const part = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(colour[0]) + 0.7152 * part(colour[1]) + 0.0722 * part(colour[2]);
  };
  const contrast = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = rgb(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const has_text = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const is_control = ['INPUT', 'BUTTON', 'SUMMARY'].includes(element.tagName);
    if (!has_text && !is_control) continue;
    found.push({
      what: element.tagName + ' ' + element.textContent.slice(0, 30),
      text: contrast(rgb(style.color), behind(element)),
      edge: ['INPUT', 'BUTTON'].includes(element.tagName)
        ? contrast(rgb(style.borderTopColor), behind(element.parentElement)) : null,
      height: is_control ? box.height : null,
    });
  }
  return found;
})()
"""


class Pages:
    def __init__(self):
        self.process = subprocess.Popen([PAGE_SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.issuer = self.process.stdout.readline().split()[1]
        self.client = self.process.stdout.readline().split()[1]

    def stop(self):
        self.process.communicate(timeout=chromium.SECONDS_MAX)


class BrowserTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = chromium.Chromium()
        cls.addClassCleanup(cls.browser.__exit__)

    def setUp(self):
        self.pages = Pages()
        self.addCleanup(lambda: self.pages.stop())

    def open(self, path, **options):
        return self.browser.open(self.pages.issuer + path, **options)

    def both(self, story):
        """Tells the story with JavaScript and without, each to a server that knows nobody yet."""
        for javascript in (True, False):
            with self.subTest(javascript=javascript):
                self.pages.stop()
                self.pages = Pages()
                story(javascript)

    def sign_in(self, page, password=PASSWORD):
        page.type("#login", "ada")
        page.type("#password", password)
        page.submit("button.primary")

    def asked(self, page):
        return page.texts(".asked .code")


class Flow(BrowserTest):
    def test_a09_a10_a11_consent_lists_what_is_asked_then_nothing_then_only_what_is_new(self):
        def story(javascript):
            page = self.open("/oauth/authorize?scope=read", javascript=javascript)
            self.assertIn("Calendar Helper", page.text())
            self.sign_in(page)
            self.assertEqual(self.asked(page), ["read"])
            self.assertIn("Ada Lovelace (ada)", page.text())
            page.submit("button[value=allow]")
            self.assertEqual(page.url(), self.pages.client + "?code=allowed")
            page.go(self.pages.issuer + "/oauth/authorize?scope=read")
            self.assertEqual(page.url(), self.pages.client + "?code=seen-before")
            page.go(self.pages.issuer + "/oauth/authorize?scope=read+write")
            self.assertEqual(self.asked(page), ["write"])
            self.assertIn("beyond what you allowed before", page.text())
            page.submit("button[value=deny]")
            self.assertEqual(page.url(), self.pages.client + "?error=access_denied")
            self.assertEqual([line for line in page.complaints() if "404" not in line], [])

        self.both(story)

    def test_withdrawing_brings_the_question_back_and_signing_out_the_password(self):
        def story(javascript):
            page = self.open("/oauth/authorize?scope=read", javascript=javascript)
            self.sign_in(page)
            page.submit("button[value=allow]")
            page.go(self.pages.issuer + "/oauth/account")
            self.assertIn("Calendar Helper", page.text())
            page.submit(".grants button")
            self.assertIn("no application may act for you", page.text())
            page.go(self.pages.issuer + "/oauth/authorize?scope=read")
            self.assertEqual(self.asked(page), ["read"])
            page.go(self.pages.issuer + "/oauth/account")
            page.submit(".top button")
            self.assertEqual(page.text("h1"), "Sign in")
            page.go(self.pages.issuer + "/oauth/authorize?scope=read")
            self.assertEqual(page.text("h1"), "Sign in")

        self.both(story)

    def test_a_wrong_password_keeps_the_name_and_puts_the_cursor_where_it_is_needed(self):
        def story(javascript):
            page = self.open("/oauth/authorize?scope=read", javascript=javascript)
            self.sign_in(page, password="wrong")
            self.assertEqual(page.text("[role=alert]"), "The account name or the password is wrong.")
            self.assertTrue(page.title().startswith("Error: Sign in"))
            self.assertEqual(page.evaluate("document.querySelector('#login').value"), "ada")
            self.assertEqual(page.evaluate("document.querySelector('#password').value"), "")
            page.wait_until("document.activeElement.id == 'password'")
            self.sign_in(page)
            self.assertEqual(self.asked(page), ["read"])

        self.both(story)

    def test_the_keyboard_alone_is_enough_and_typing_on_allows_nothing(self):
        page = self.open("/oauth/authorize?scope=read")
        page.wait_until("document.activeElement.id == 'login'")
        page.call("Input.insertText", text="ada")
        page.press("Tab", 9)
        self.assertEqual(page.evaluate("document.activeElement.id"), "password")
        page.call("Input.insertText", text=PASSWORD)
        page.settle(lambda: page.press("Enter", 13, "\r"))
        self.assertEqual(self.asked(page), ["read"])
        page.press("Enter", 13, "\r")
        page.press(" ", 32, " ")
        self.assertEqual(self.asked(page), ["read"], "still asking")
        order = []
        for _ in range(2):
            page.press("Tab", 9)
            order.append(page.evaluate("document.activeElement.value"))
        self.assertEqual(order, ["deny", "allow"])
        page.settle(lambda: page.press("Enter", 13, "\r"))
        self.assertEqual(page.url(), self.pages.client + "?code=allowed")


class Strangers(BrowserTest):
    def test_a_form_on_another_site_signs_nobody_out(self):
        page = self.open("/oauth/account")
        self.sign_in(page)
        page.go(self.pages.client.replace("/callback", "/evil"))
        page.submit("button")
        self.assertEqual(page.text("h1"), "Please start again")
        page.go(self.pages.issuer + "/oauth/account")
        self.assertEqual(page.text("h1"), "Your account")

    def test_a_form_of_one_browser_is_no_good_in_another(self):
        mine = self.open("/oauth/account")
        token = mine.evaluate("document.querySelector('[name=token]').value")
        theirs = self.open("/oauth/account")
        theirs.evaluate(f"document.querySelector('[name=token]').value = '{token}'")
        self.sign_in(theirs)
        self.assertEqual(theirs.text("h1"), "Please start again")

    def test_signing_in_gives_a_session_that_scripts_cannot_read(self):
        page = self.open("/oauth/account")
        self.sign_in(page)
        self.assertEqual(page.evaluate("document.cookie"), "")
        cookies = {cookie["name"]: cookie for cookie in page.call("Network.getCookies")["cookies"]}
        self.assertEqual(set(cookies), {"tl_session", "tl_form"})
        for cookie in cookies.values():
            self.assertTrue(cookie["httpOnly"])
            self.assertTrue(cookie["session"])
            self.assertEqual(cookie["sameSite"], "Lax")

    def test_the_policy_stops_scripts_foreign_styles_and_forms_to_other_places(self):
        page = self.open("/page/sign-in")
        page.evaluate("""(() => {
            const script = document.createElement('script');
            script.text = "document.title = 'owned'";
            document.body.append(script);
            const style = document.createElement('style');
            style.textContent = 'h1 { display: none }';
            document.head.append(style);
        })()""")
        self.assertTrue(page.title().startswith("Sign in"))
        self.assertTrue(page.evaluate("document.querySelector('h1').checkVisibility()"))
        page.evaluate("document.forms[0].action = 'http://localhost:1/steal'")
        page.type("#login", "ada")
        page.type("#password", PASSWORD)
        page.click("button.primary")
        self.assertIn("form-action", " ".join(self.complaints(page, "form-action")))

    def complaints(self, page, word):
        for _ in range(100):
            said = [line for line in page.complaints() if word in line]
            if said:
                return said
            page.evaluate("1")  # brings the events that came meanwhile
        return []


class Looks(BrowserTest):
    def test_every_page_is_readable_by_day_and_by_night_and_fits_320_pixels(self):
        page = self.open("/page/sign-in")
        for dark, width in ((False, 1024), (True, 320)):
            page.resize(width, dark)
            for name in PAGES:
                with self.subTest(page=name, dark=dark, width=width):
                    page.go(f"{self.pages.issuer}/page/{name}")
                    self.measure(page, width)
        blocked = [line for line in page.complaints() if "Content Security Policy" in line]
        self.assertEqual(blocked, [])

    def measure(self, page, width):
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)
        looks = page.evaluate(LOOK)
        self.assertGreaterEqual(len(looks), 3)
        for look in looks:
            self.assertGreaterEqual(look["text"], TEXT_CONTRAST_MIN, look)
            if look["edge"] is not None:
                self.assertGreaterEqual(look["edge"], EDGE_CONTRAST_MIN, look)
            if look["height"] is not None:
                self.assertGreaterEqual(look["height"], TARGET_PIXELS_MIN, look)

    def test_a_hostile_name_stays_a_name(self):
        page = self.open("/page/sign-in")
        for name in (name for name in PAGES if name.endswith("-hostile")):
            with self.subTest(page=name):
                page.go(f"{self.pages.issuer}/page/{name}")
                self.assertNotIn("owned", page.title())
                self.assertEqual(page.evaluate("document.querySelectorAll('script, img, main style').length"), 0)
                self.assertIn("<script>document.title='owned'</script>", page.text())


if __name__ == "__main__":
    try:
        chromium.find_program()
    except chromium.Unavailable as why:
        print(f"SKIP: {why}")
        sys.exit(SKIPPED)
    unittest.main()
