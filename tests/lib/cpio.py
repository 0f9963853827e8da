"""Writes newc cpio archives, without root and the same bytes each time."""

import os
import stat


class Cpio:
    def __init__(self, out):
        self.out = out
        self.ino = 1
        self.dirs = set()
        self.size = 0

    def _put(self, data):
        self.out.write(data)
        self.size += len(data)

    def _entry(self, name, mode, data=b"", dev=(0, 0)):
        raw = name.encode() + b"\0"
        fields = (self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, dev[0], dev[1],
                  len(raw), 0)
        self.ino += 1
        self._put(b"070701" + b"".join(b"%08X" % f for f in fields) + raw)
        self._put(b"\0" * (-self.size % 4))
        self._put(data)
        self._put(b"\0" * (-self.size % 4))

    def mkdir(self, name, mode=0o755):
        """Makes a folder and those above it, once."""
        name = name.strip("/")
        if not name or name in self.dirs:
            return
        self.mkdir(os.path.dirname(name))
        self.dirs.add(name)
        self._entry(name, stat.S_IFDIR | mode)

    def file(self, name, data, mode=0o644):
        self.mkdir(os.path.dirname(name.strip("/")))
        self._entry(name.strip("/"), stat.S_IFREG | mode, data)

    def symlink(self, name, target):
        self.mkdir(os.path.dirname(name.strip("/")))
        self._entry(name.strip("/"), stat.S_IFLNK | 0o777, target.encode())

    def chardev(self, name, major, minor, mode=0o600):
        self.mkdir(os.path.dirname(name.strip("/")))
        self._entry(name.strip("/"), stat.S_IFCHR | mode, dev=(major, minor))

    def tree(self, root, skip=lambda name: False):
        """Adds what is below the folder root, but not what skip() names."""
        for here, dirs, files in os.walk(root):
            dirs.sort()
            rel = os.path.relpath(here, root)
            rel = "" if rel == "." else rel + "/"
            for name in list(dirs):
                if skip(rel + name):
                    dirs.remove(name)
                elif os.path.islink(os.path.join(here, name)):
                    self.symlink(rel + name,
                                 os.readlink(os.path.join(here, name)))
                else:
                    self.mkdir(rel + name)
            for name in sorted(files):
                path = os.path.join(here, name)
                if skip(rel + name):
                    continue
                if os.path.islink(path):
                    self.symlink(rel + name, os.readlink(path))
                elif os.path.isfile(path):
                    with open(path, "rb") as f:
                        self.file(rel + name, f.read(),
                                  os.stat(path).st_mode & 0o777)

    def close(self):
        self._entry("TRAILER!!!", 0)
