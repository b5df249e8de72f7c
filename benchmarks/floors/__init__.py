"""Floors: for each layer, the same work on the protocol, written by hand for one set of options.

A floor shows how little time a layer could take. Each floor passes the conformance kit, as its layer does, except on
servers that break PEP 3333: it forwards ``exc_info``, provides ``write()``, accepts an application that starts late,
sends one chunk for each chunk, and calls ``close()`` once. Unlike a layer, it has no options, is written in one place
and makes as few calls as possible.

A floor is an object with ``__call__``, as a layer is. CPython 3.11 takes 0.3 to 0.4 µs more to call an object than a
function, which is more than some layers need for their work.

Floors leave out what no measured request needs, which makes them cheaper than their layers can be. The floor of gzip
has no opt-out, does not handle strong forms in If-None-Match and does not stop at Content-Length. The floor of
access_log does not forward files.
"""
