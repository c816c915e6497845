"""The tests of types that the emulator does not model yet. Whoever models one takes its line away; nothing else leaves a test out.

`pytest --all` runs them too, and they fail.
"""

# By file, or by file and test.
LEFT_OUT = {
}
