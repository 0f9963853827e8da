"""A program on a terminal of its own, what stands on its screen, and screens as
an SVG that plays them one after the other."""

import fcntl
import html
import itertools
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pyte


class Screen(pyte.Screen):
    """Answers what programs ask of a terminal: its state, where its cursor is."""
    answer = None

    def write_process_input(self, data):
        self.answer(data)


class Terminal:
    """argv runs until close(); columns x rows as it is told."""

    def __init__(self, argv, columns, rows):
        self.screen = Screen(columns, rows)
        self.screen.answer = self.type
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execvp(argv[0], argv)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.fd, text.encode())

    def watch(self, seconds):
        """Lets the program go on for so long; False when it has ended."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            self.stream.feed(data)
        return True

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def until(self, pattern, seconds):
        """Waits until a line of the screen matches; an error if none does."""
        end = time.monotonic() + seconds
        alive = True
        while not re.search(pattern, self.text(), re.M):
            if not alive or time.monotonic() > end:
                raise TimeoutError("no %r on the screen:\n%s" %
                                   (pattern, self.text()))
            alive = self.watch(0.2)

    def frame(self):
        """The screen now: a list of lines, each of (text, reversed, bold)."""
        lines = []
        for y in range(self.screen.lines):
            cells = [self.screen.buffer[y][x]
                     for x in range(self.screen.columns)]
            lines.append([("".join(c.data for c in run), *style)
                          for style, run in itertools.groupby(
                              cells, lambda c: (c.reverse, c.bold))])
        return lines

    def close(self):
        os.kill(self.pid, signal.SIGTERM)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


STYLE = """text { font: 13px monospace; fill: #d8dee9; white-space: pre }
.r { fill: #1b2430 } .b { font-weight: bold } .p { fill: #1b2430 }
.f { visibility: hidden; animation: play %(all)gs step-end infinite }
@keyframes play { 0%% { visibility: visible } %(part)g%% { visibility: hidden } }"""
WIDTH, HEIGHT = 7.83, 17


def _line(y, runs):
    out, x = [], 0
    for text, reverse, bold in runs:
        if reverse:
            out.append('<rect x="%g" y="%g" width="%g" height="%g" '
                       'fill="#d8dee9"/>' % (
                           10 + x * WIDTH, 10 + y * HEIGHT - 1,
                           len(text) * WIDTH, HEIGHT))
        if text.strip():
            out.append('<text x="%g" y="%g" textLength="%g" class="%s" '
                       'xml:space="preserve">%s</text>' % (
                           10 + x * WIDTH, 10 + y * HEIGHT + 12,
                           len(text.rstrip()) * WIDTH,
                           "r" * reverse + " b" * bold,
                           html.escape(text.rstrip())))
        x += len(text)
    return out


def svg(frames, seconds):
    """Plays the frames, each for so long, again and again."""
    columns = sum(len(run[0]) for run in frames[0][0])
    width, height = columns * WIDTH + 20, len(frames[0]) * HEIGHT + 20
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" '
           'viewBox="0 0 %g %g">' % (width, height, width, height),
           "<style>%s</style>" % (STYLE % {
               "all": seconds * len(frames), "part": 100 / len(frames)})]
    for k, lines in enumerate(frames):
        # The first one stays, for those who don't play.
        out.append('<g%s><rect class="p" width="100%%" height="100%%"/>' % (
            ' class="f" style="animation-delay: %gs"' % (seconds * k)
            if k else ""))
        for y, runs in enumerate(lines):
            out += _line(y, runs)
        out.append("</g>")
    return "\n".join(out + ["</svg>"]) + "\n"
