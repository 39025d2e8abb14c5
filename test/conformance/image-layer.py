"""A layer of an overlay as a tar archive of OCI: what it takes away are whiteouts. python3 image-layer.py FOLDER"""
import os
import sys
import tarfile

folder = sys.argv[1]
archive = tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT)


def whiteout(path):
    archive.addfile(tarfile.TarInfo(path))


def is_opaque(path):
    try:
        return os.getxattr(path, "trusted.overlay.opaque") == b"y"
    except OSError:
        return False


def add(path, name):
    if os.path.islink(path) or not os.path.isdir(path):
        status = os.lstat(path)
        # A device of the numbers 0 and 0 stands for what is gone.
        if (status.st_mode & 0o170000) == 0o020000:
            whiteout(os.path.join(os.path.dirname(name), ".wh." + os.path.basename(name)))
        else:
            archive.add(path, name, recursive=False)
        return
    if name not in ("", "tools", "dev"):
        archive.add(path, name, recursive=False)
    if is_opaque(path) and name:
        whiteout(os.path.join(name, ".wh..wh..opq"))
    if name in ("tools", "dev"):
        return
    for entry in sorted(os.listdir(path)):
        add(os.path.join(path, entry), os.path.join(name, entry))


add(folder, "")
archive.close()
