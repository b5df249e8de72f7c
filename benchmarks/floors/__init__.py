"""What a layer can't cost less than: for each, the same work on the protocol, by hand, with nothing that can be set.

Each of them passes the conformance kit as its layer does: ``exc_info`` goes on, ``write()`` works, the application may
start lazily, a chunk in is a chunk out, and ``close()`` is called once. What differs is that all is written for one set
of options, in one place, with as few calls as Python allows.

What no request here asks for they leave out, and that makes them cheaper than their layers can be: gzip the strong
forms in If-None-Match, the end at Content-Length and the opt-out by an application, access_log a file that stays.
"""
