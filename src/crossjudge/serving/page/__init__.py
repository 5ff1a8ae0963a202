"""The playground: a page at `/` on which every use is tried by hand, and the form that asks a browser for a key.

What is not Python here is the page itself: `page.html`, `door.html`, one style sheet, scripts by what they own, and the
texts of its examples. `documents` puts them together when they are first asked for; nothing is built beforehand, and
nothing is fetched from elsewhere.
"""
