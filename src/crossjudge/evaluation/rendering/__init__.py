"""A report as people read it: an HTML page, Markdown, PNG figures, and the answer in words at the top of each."""
