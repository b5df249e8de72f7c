"""A guest book with a mistake: it shows the entries as the visitors wrote them, with their HTML."""

from flask import Flask, jsonify, make_response, redirect, render_template_string, request

app = Flask(__name__, static_folder=None)
app.config["PROPAGATE_EXCEPTIONS"] = True  # so that catch_errors answers exceptions

ENTRIES: list[str] = []
PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Guest book</title>
<link rel="stylesheet" href="/static/site.css">
<h1>Guest book</h1>
<ul>{% for entry in entries %}<li>{{ entry|safe }}</li>{% endfor %}</ul>
<form method="post" action="/"><input name="text" aria-label="Entry"><button>Sign</button></form>
<form method="post" action="/"><input type="hidden" name="_method" value="DELETE"><button>Remove all</button></form>
<script nonce="{{ request.environ["wsgistack.csp_nonce"] }}">
document.title += ": " + document.querySelectorAll("li").length;
</script>
</html>
"""


@app.get("/")
def read():
    answer = make_response(render_template_string(PAGE, entries=ENTRIES))
    answer.headers["Cache-Control"] = "no-store"  # a page with a nonce is for one visitor, once
    answer.set_cookie("visitor", "yes")
    return answer


@app.post("/")
def write():
    ENTRIES.append(request.form["text"])
    return redirect("/", 303)


@app.delete("/")
def remove():
    ENTRIES.clear()
    return redirect("/", 303)


@app.get("/entries.json")
def export():
    return jsonify(ENTRIES)


@app.get("/health")
def answer_health():
    return "fine\n"


@app.get("/fail")
def fail():
    return {"never": 1 / 0}
