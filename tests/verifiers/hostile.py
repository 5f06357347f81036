"""Programs that try to get what is not theirs. Each runs in the sandbox alone, within limits of a second or so.

`FUNCTIONS` answer HumanEval's form: `answer(n)` must give a number that only the test knows. `PROGRAMS` answer
CodeContests' form: the one right output is a secret that lies in a file, in the environment and behind three sockets
outside, so that whatever a program can reach out there would make it pass. @NAME@ is put in by the test.
"""

FUNCTIONS = {
    "leaves with status 0 while loading": "import sys\nsys.exit(0)",
    "leaves by os._exit while loading": "import os\nos._exit(0)",
    "leaves by os._exit when called": "import os\ndef answer(n): os._exit(0)",
    "raises SystemExit of its own kind": "class Bye(SystemExit): code = 0\ndef answer(n): raise Bye",
    "raises KeyboardInterrupt": "def answer(n): raise KeyboardInterrupt",
    "raises AssertionError": "def answer(n): raise AssertionError",
    "raises StopIteration": "def answer(n): raise StopIteration",
    "prints the words of success": "def answer(n):\n    print('passed', True, 'V', flush=True)",
    "equals everything": "class E:\n    def __eq__(s, o): return True\n    def __ne__(s, o): return False\n"
    "    def __hash__(s): return 0\ndef answer(n): return E()",
    "is an int that equals everything": "class E(int):\n    def __eq__(s, o): return True\n    __hash__ = None\n"
    "def answer(n): return E(0)",
    "is a float that equals everything": "class E(float):\n    def __eq__(s, o): return True\n"
    "    def __sub__(s, o): return 0\n    __rsub__ = __sub__\ndef answer(n): return E(0)",
    "is a str that equals everything": "class E(str):\n    def __eq__(s, o): return True\ndef answer(n): return E('')",
    "is a dict that lies about its items": "class E(dict):\n    def items(s): return [(1, 2)] * 9\n    def __len__(s):"
    " return 1\ndef answer(n): return E()",
    "says that its class is int": "class E:\n    __class__ = int\n    def __index__(s): return 0\n"
    "    def __eq__(s, o): return True\ndef answer(n): return E()",
    "replaces what assert raises": "import builtins\nbuiltins.AssertionError = Warning\n"
    "builtins.all = builtins.any = lambda *a: True\nbuiltins.__debug__\ndef answer(n): return None",
    "writes the verdict's message to every pipe": "import os\nM = b'V' + (20).to_bytes(4, 'big') + b'l2:b1:1s0:'\n"
    "def answer(n):\n    for fd in range(64):\n        try: os.write(fd, M)\n        except OSError: pass",
    "writes answers ahead": "import os\nfor fd in range(3, 64):\n    try: os.write(fd, (b'A' + (15).to_bytes(4, 'big') +"
    " b'l2:s5:valuei1:7') * 50)\n    except OSError: pass\ndef answer(n): return 7",
    "announces 4 GiB": "import os, time\ndef answer(n):\n    for fd in range(3, 64):\n"
    "        try: os.write(fd, b'A' + b'\\xff' * 4)\n        except OSError: pass\n    time.sleep(9)",
    "sends half a message": "import os, time\ndef answer(n):\n    for fd in range(3, 64):\n"
    "        try: os.write(fd, b'A\\0\\0')\n        except OSError: pass\n    time.sleep(9)",
    "poisons sys.modules": "import sys\nfor name in list(sys.modules):\n    if 'codec' in name or 'frames' in name:\n"
    "        m = sys.modules[name]\n        m.decode = lambda d: [True, '']\n        m.encode = lambda v: b'l2:b1:1s0:'\n"
    "def answer(n): return 0",
    "hooks imports": "import sys\nclass F:\n    def find_spec(s, *a): return None\nsys.meta_path[:] = [F()]\n"
    "sys.path_hooks.clear()\ndef answer(n): return 0",
    "looks for the number in frames and in gc": "import gc, sys\ndef answer(n):\n"
    "    for o in gc.get_objects():\n        if isinstance(o, dict) and 'check' in o: return o['check']\n"
    "    f = sys._getframe()\n    while f:\n        for v in f.f_locals.values():\n"
    "            if isinstance(v, int) and v > 10**9 and v < 10**12: return v\n        f = f.f_back",
    "traces every frame": "import sys, threading\ndef t(frame, event, arg):\n    frame.f_locals['passed'] = True\n"
    "    return t\nsys.settrace(t)\nsys.setprofile(t)\ndef answer(n): return 0",
    "looks for the test in /proc and in files": "import glob, re\ndef answer(n):\n"
    "    for p in glob.glob('/proc/*/cmdline') + glob.glob('/proc/*/mem') + glob.glob('/tmp/*') + glob.glob('/*'):\n"
    "        try: found = re.findall(rb'== ([0-9]{10,12})', open(p, 'rb').read(1 << 20))\n"
    "        except (OSError, ValueError): continue\n        if found: return int(found[0])",
    "gives an endless iterator": "import itertools\ndef answer(n): return itertools.count()",
    "gives a generator that sleeps": "import time\ndef answer(n):\n    while True:\n        time.sleep(1)\n        yield n",
    "gives a coroutine": "async def answer(n): return n",
    "gives nan": "def answer(n): return float('nan')",
    "gives an integer of a million digits": "def answer(n): return 1 << 3_400_000",
    "gives a list nested in itself": "def answer(n):\n    a = []\n    a.append(a)\n    return a",
    "gives a list nested 100,000 deep": "def answer(n):\n    a = []\n    for _ in range(100_000): a = [a]\n    return a",
    "gives 300 MB of text": "def answer(n): return 'x' * 300_000_000",
    "gives an enormous Decimal": "from decimal import Decimal\ndef answer(n): return Decimal('1e999999')",
    "never comes back": "def answer(n):\n    while True: pass",
    "sleeps": "import time\ndef answer(n): time.sleep(60)",
    "ignores every signal": "import signal\nfor s in range(1, 64):\n    try: signal.signal(s, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\ndef answer(n):\n    while True: pass",
    "recurses without end": "import sys\nsys.setrecursionlimit(10**9)\ndef answer(n): return sorted([n], key=answer)",
    "crashes the interpreter": "import ctypes\ndef answer(n): ctypes.string_at(0)",
    "kills everything": "import os, signal\ndef answer(n):\n    for pid in (os.getppid(), 1, 2, -1):\n"
    "        try: os.kill(pid, signal.SIGKILL)\n        except OSError: pass",
    "says success at exit": "import atexit, os\natexit.register(lambda: [os.write(fd, b'V\\0\\0\\0\\x0al2:b1:1s0:')"
    " for fd in range(1, 9)])\nraise SystemExit(0)",
    "is no program at all": "def answer(n:\n    return )(",
    "is a hundred thousand parentheses": "answer = " + "(" * 50_000 + "1" + ")" * 50_000,
    "is ninety thousand minus signs": "answer = " + "-" * 90_000 + "1",
    "holds half a surrogate and a zero byte": "answer = '\ud800\0'\ndef answer(n): return 0",
}

PROGRAMS = {
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "subprocess bomb": "import subprocess, sys\nwhile True:\n    try: subprocess.Popen([sys.executable, '-c', 'pass'])\n"
    "    except OSError: pass",
    "thread bomb": "import threading, time\nthreading.stack_size(32768)\nwhile True:\n"
    "    try: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n    except RuntimeError: pass",
    "memory bomb": "a = []\nwhile True: a.append(bytearray(50_000_000))",
    "memory in shared mappings": "import mmap\na = []\nwhile True:\n    m = mmap.mmap(-1, 50_000_000)\n"
    "    m.write(b'x' * 50_000_000)\n    a.append(m)",
    "fills the disk": "n = 0\nwhile True:\n    n += 1\n    open(f'/tmp/{n}', 'wb').write(b'x' * 10_000_000)",
    "fills /dev/shm": "open('/dev/shm/x', 'wb').write(b'x' * 500_000_000)",
    "floods stdout": "while True: print('x' * 100_000)",
    "floods stderr": "import sys\nwhile True: print('x' * 100_000, file=sys.stderr)",
    "closes its pipes and sleeps": "import os, time\nos.close(1)\nos.close(2)\ntime.sleep(60)",
    "leaves a daemon": "import os, time\nfor _ in range(2):\n    try:\n        if os.fork(): os._exit(0)\n        os.setsid()\n"
    "    except OSError: pass\ntime.sleep(60)",
    "leaves a thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "connects by TCP": "import socket\ns = socket.create_connection(('127.0.0.1', @PORT@), 1)\nprint(s.recv(99).decode())",
    "connects by TCP to every address": "import socket\nfor h in ('localhost', '0.0.0.0', '::1', '@HOST@'):\n"
    "    try: print(socket.create_connection((h, @PORT@), 0.2).recv(99).decode())\n    except OSError: pass",
    "sends by UDP": "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "s.sendto(b'x', ('127.0.0.1', @PORT@))",
    "connects to a unix socket": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('@UNIX@')\n"
    "print(s.recv(99).decode())",
    "connects to an abstract socket": "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0@ABSTRACT@')\n"
    "print(s.recv(99).decode())",
    "asks the name server": "import socket\nprint(socket.getaddrinfo('example.com', 80))",
    "opens a vsock to the host": "import socket\ns = socket.socket(40, socket.SOCK_STREAM)\ns.settimeout(1)\n"
    "s.connect((2, 1024))\nprint('reached')",
    "opens a netlink socket": "import socket\ns = socket.socket(16, socket.SOCK_RAW, 0)\ns.bind((0, 0))\nprint('bound')",
    "reads the secret's file": "print(open('@CANARY@').read())",
    "reads it through ..": "print(open('/tmp/../../../..@CANARY@').read())",
    "reads it through a link": "import os\nos.symlink('@CANARY@', 'l')\nprint(open('l').read())",
    "reads it through process 1": "import os\nfor p in os.listdir('/proc'):\n    try: print(open(f'/proc/{p}/root@CANARY@').read())\n"
    "    except OSError: pass\n    try: print(open(f'/proc/{p}/cwd/../../../../..@CANARY@').read())\n    except OSError: pass",
    "reads it by a file handle": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "print(libc.syscall(304, -100, b'@CANARY@', 0), libc.syscall(303, -100, b'@CANARY@', 0, 0, 0))",
    "reads /etc/shadow": "print(open('/etc/shadow').read() or '@SECRET_SHA@')",
    "lists the home folders": "import os\nfor d in ('/root', '/home', '@HOME@', '@REPOSITORY@'):\n"
    "    for base, _, files in os.walk(d):\n        for f in files:\n"
    "            if f == 'canary': print(open(os.path.join(base, f)).read())",
    "reads the environment": "import os\nprint(os.environ.get('MANYFEW_CANARY', ''))",
    "reads others' environment": "import glob\nfor p in glob.glob('/proc/*/environ'):\n    for item in open(p, 'rb').read().split(b'\\0'):\n"
    "        if item.startswith(b'MANYFEW_CANARY='): print(item.partition(b'=')[2].decode())",
    "reads the parent's environment by number": "for item in open('/proc/@PID@/environ').read().split('\\0'):\n"
    "    if item.startswith('MANYFEW_CANARY='): print(item.partition('=')[2])",
    "reads what it inherited": "import os\nfor fd in range(3, 256):\n    try: print(os.read(fd, 9999).decode(errors='replace'))\n"
    "    except OSError: pass",
    "traces process 1": "import ctypes\nlibc = ctypes.CDLL(None)\nprint('traced' if libc.ptrace(16, 1, 0, 0) == 0 else '')",
    "mounts": "import ctypes\nlibc = ctypes.CDLL(None)\nprint(libc.mount(b'/', b'/tmp', b'', 4096, 0))\n"
    "print(open('/tmp@CANARY@').read())",
    "makes a user namespace": "import ctypes, os\nlibc = ctypes.CDLL(None)\nif libc.unshare(0x10000000) == 0: print(open('@CANARY@').read())\n"
    "os.chroot('/tmp')",
    "becomes root": "import os\nfor f in (os.setuid, os.setgid, os.seteuid):\n    try: f(0); print('root')\n    except OSError: pass\n"
    "print(open('/etc/shadow').read())",
    "makes a device": "import os\nos.mknod('/tmp/d', 0o60600, os.makedev(8, 0))\nprint(open('/tmp/d', 'rb').read(9))",
    "reads the kernel's memory": "for p in ('/dev/mem', '/dev/kmem', '/dev/kmsg', '/proc/kcore', '/proc/kmsg'):\n"
    "    try: print(open(p, 'rb').read(9))\n    except OSError: pass",
    "raises its limits": "import resource\nfor r in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE):\n"
    "    try: resource.setrlimit(r, (resource.RLIM_INFINITY,) * 2); print('@RAISED@')\n    except (OSError, ValueError): pass",
    "uses the kernel's keys": "import ctypes\nlibc = ctypes.CDLL(None)\n"
    "print(libc.syscall(248, b'user', b'x', b'y', 1, -3), libc.syscall(250, 0, -3, 1))",
    "writes into the interpreter": "import os, sys\nfor d in (os.path.dirname(os.__file__), os.path.dirname(sys.executable), '/', '/usr', '@DROP@'):\n"
    "    for name in ('sitecustomize.py', 'escaped'):\n        try: open(os.path.join(d, name), 'w').write('x'); print('written')\n"
    "        except OSError: pass",
    "writes outside": "import os\nos.makedirs('@DROP@', exist_ok=True)\nopen('@DROP@/escaped', 'w').write('x')",
    "renames the interpreter": "import os, sys\nos.rename(sys.executable, '/tmp/python')",
    "reads stdin again and again": "import os\nfor _ in range(99): os.lseek(0, 0, 0); os.dup2(0, 5)\n"
    "print(os.read(5, 999).decode())",
    "writes to its stdin": "import os\nos.write(0, b'@SECRET_SHA@')\nprint(os.read(0, 99))",
    "reads all of /tmp, /proc and /dev": "import os\nfor base in ('/tmp', '/dev', '/proc/self'):\n    for d, _, files in os.walk(base):\n"
    "        for f in files:\n            if f not in ('zero', 'random', 'urandom', 'stdin', 'mem', 'pagemap', 'clear_refs'):\n"
    "                try: print(open(os.path.join(d, f), 'rb').read(4096).decode(errors='ignore'))\n"
    "                except OSError: pass",
}
