"""The Markdown subset as HTML."""

import pytest

from bot.workspace.page.render.markdown import markdown


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("# Title", "<h3>Title</h3>"),
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("**bold** *soft* ~~gone~~ `code`", "<strong>bold</strong> <em>soft</em> <s>gone</s> <code>code</code>"),
        ("- a\n- b **c**", "<ul><li>a</li><li>b <strong>c</strong></li></ul>"),
        ("3. c\n4. d", '<ol start="3"><li>c</li><li>d</li></ol>'),
        ("- [x] done", "checked"),
        ("```python\nx < 1\n```\nafter", "<pre><code>x &lt; 1</code></pre><p>after</p>"),
        ("> quoted\n> twice", "<blockquote>quoted<br>twice</blockquote>"),
        ("| a | b |\n|---|:-:|\n| 1 | `2` |", "<tbody><tr><td>1</td><td><code>2</code></td></tr></tbody>"),
        ("a | b\nno table", "<p>a | b<br>no table</p>"),
        ("***", "<hr>"),
        ("[text](https://a.example)", '<a href="https://a.example"'),
        ("<b>raw</b>", "<p>&lt;b&gt;raw&lt;/b&gt;</p>"),
        ("2 * 3 * 4 snake_case_name", "<p>2 * 3 * 4 snake_case_name</p>"),
    ],
)  # fmt: skip
def test_draws(text: str, wanted: str) -> None:
    assert wanted in markdown(text)
