/** One way in which projects write their setup.py, and what it must become. */
export interface BuildStyle {
  readonly title: string;
  readonly setup: string;
  /** setup.py after the modules have moved. */
  readonly after: string;
  readonly modules: readonly string[];
  /** Whether the result is also built and imported under each ABI. */
  readonly build: "build" | "text-only";
}

/** The styles are written for the sources `pkg/_fast.c` and `pkg/_slow.c` of a package `pkg`. */
export const BUILD_STYLES: readonly BuildStyle[] = [
  {
    title: "a literal list in the call",
    build: "build",
    modules: ["pkg._fast"],
    setup: `from setuptools import setup, Extension

setup(
    name="pkg",
    packages=["pkg"],
    ext_modules=[Extension("pkg._fast", sources=["pkg/_fast.c"])],
)
`,
    after: `from setuptools import setup, Extension

setup(
    name="pkg",
    packages=["pkg"],
    hpy_ext_modules=[Extension("pkg._fast", sources=["pkg/_fast.c"])],
)
`,
  },
  {
    title: "two modules of a literal list, one stays",
    build: "build",
    modules: ["pkg._fast"],
    setup: `from setuptools import setup, Extension

setup(
    name="pkg",
    packages=["pkg"],
    ext_modules=[
        Extension("pkg._fast", ["pkg/_fast.c"]),  # the hot loop
        Extension("pkg._slow", ["pkg/_slow.c"]),
    ],
    zip_safe=False,
)
`,
    after: `from setuptools import setup, Extension

setup(
    name="pkg",
    packages=["pkg"],
    ext_modules=[
        Extension("pkg._slow", ["pkg/_slow.c"]),
    ],
    hpy_ext_modules=[
        Extension("pkg._fast", ["pkg/_fast.c"]),
    ],
    zip_safe=False,
)
`,
  },
  {
    title: "one line, the last of two moves",
    build: "text-only",
    modules: ["pkg._slow"],
    setup: `import setuptools
setuptools.setup(ext_modules=[setuptools.Extension("pkg._fast", ["pkg/_fast.c"]), setuptools.Extension("pkg._slow", ["pkg/_slow.c"])])
`,
    after: `import setuptools
setuptools.setup(ext_modules=[setuptools.Extension("pkg._fast", ["pkg/_fast.c"])], hpy_ext_modules=[setuptools.Extension("pkg._slow", ["pkg/_slow.c"])])
`,
  },
  {
    title: "a variable that grows conditionally, one stays",
    build: "build",
    modules: ["pkg._fast"],
    setup: `import sys
from setuptools import setup, Extension

ext_modules = [Extension("pkg._slow", ["pkg/_slow.c"])]
if sys.platform != "win32":
    ext_modules.append(Extension("pkg._fast", ["pkg/_fast.c"]))

setup(
    name="pkg",
    packages=["pkg"],
    ext_modules=ext_modules,
)
`,
    after: `import sys
from setuptools import setup, Extension

ext_modules = [Extension("pkg._slow", ["pkg/_slow.c"])]
if sys.platform != "win32":
    ext_modules.append(Extension("pkg._fast", ["pkg/_fast.c"]))

HPY_EXTENSIONS = {"pkg._fast"}
setup(
    name="pkg",
    packages=["pkg"],
    ext_modules=[ext for ext in ext_modules if ext.name not in HPY_EXTENSIONS],
    hpy_ext_modules=[ext for ext in ext_modules if ext.name in HPY_EXTENSIONS],
)
`,
  },
  {
    title: "a split by name takes the next module in",
    build: "text-only",
    modules: ["pkg._fast", "pkg._slow"],
    setup: `from setuptools import setup, Extension

exts = [Extension(f"pkg.{n}", [f"pkg/{n}.c"]) for n in ("_fast", "_slow", "_other")]
HPY_EXTENSIONS = {"pkg._fast"}
setup(
    ext_modules=[ext for ext in exts if ext.name not in HPY_EXTENSIONS],
    hpy_ext_modules=[ext for ext in exts if ext.name in HPY_EXTENSIONS],
)
`,
    after: `from setuptools import setup, Extension

exts = [Extension(f"pkg.{n}", [f"pkg/{n}.c"]) for n in ("_fast", "_slow", "_other")]
HPY_EXTENSIONS = {"pkg._fast", "pkg._slow"}
setup(
    ext_modules=[ext for ext in exts if ext.name not in HPY_EXTENSIONS],
    hpy_ext_modules=[ext for ext in exts if ext.name in HPY_EXTENSIONS],
)
`,
  },
  {
    title: "the last legacy module joins a literal list",
    build: "build",
    modules: ["pkg._slow"],
    setup: `from setuptools import setup, Extension

setup(
    name="pkg",
    packages=["pkg"],
    ext_modules=[
        Extension("pkg._slow", ["pkg/_slow.c"]),
    ],
    hpy_ext_modules=[
        Extension("pkg._fast", ["pkg/_fast.c"]),
    ],
)
`,
    after: `from setuptools import setup, Extension

setup(
    name="pkg",
    packages=["pkg"],
    hpy_ext_modules=[
        Extension("pkg._fast", ["pkg/_fast.c"]),
        Extension("pkg._slow", ["pkg/_slow.c"]),
    ],
)
`,
  },
  {
    title: "a function that retries without the extension",
    build: "build",
    modules: ["pkg._fast"],
    setup: `try:
    from setuptools import setup, Extension
except ImportError:
    from distutils.core import setup, Extension
from distutils.command.build_ext import build_ext
from distutils.errors import CCompilerError, DistutilsExecError


class BuildFailed(Exception):
    pass


class optional_build_ext(build_ext):
    def build_extension(self, ext):
        try:
            build_ext.build_extension(self, ext)
        except (CCompilerError, DistutilsExecError):
            raise BuildFailed()


def run_setup(with_binary):
    if with_binary:
        kw = dict(
            ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"])],
            cmdclass=dict(build_ext=optional_build_ext),
        )
    else:
        kw = {}
    setup(name="pkg", packages=["pkg"], **kw)


try:
    run_setup(True)
except BuildFailed:
    run_setup(False)
`,
    after: `try:
    from setuptools import setup, Extension
except ImportError:
    from distutils.core import setup, Extension
from setuptools.command.build_ext import build_ext
from distutils.errors import CCompilerError, DistutilsExecError


class BuildFailed(Exception):
    pass


class optional_build_ext(build_ext):
    def build_extension(self, ext):
        try:
            build_ext.build_extension(self, ext)
        except (CCompilerError, DistutilsExecError):
            raise BuildFailed()


def run_setup(with_binary):
    if with_binary:
        kw = dict(
            hpy_ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"])],
            cmdclass=dict(build_ext=optional_build_ext),
        )
    else:
        kw = {}
    setup(name="pkg", packages=["pkg"], **kw)


try:
    run_setup(True)
except BuildFailed:
    run_setup(False)
`,
  },
  {
    title: "a conditional expression",
    build: "text-only",
    modules: ["pkg._fast"],
    setup: `import os
from glob import glob
from setuptools import setup, Extension
fast = Extension("pkg._fast", sources=sorted(glob("pkg/_f*.c")))
setup(name="pkg", packages=["pkg"], ext_modules=[fast] if not os.environ.get("PURE") else [])
`,
    after: `import os
from glob import glob
from setuptools import setup, Extension
fast = Extension("pkg._fast", sources=sorted(glob("pkg/_f*.c")))
setup(name="pkg", packages=["pkg"], hpy_ext_modules=[fast] if not os.environ.get("PURE") else [])
`,
  },
  {
    title: "a dictionary with a deleted key",
    build: "text-only",
    modules: ["pkg._fast"],
    setup: `from distutils.core import setup
from distutils.extension import Extension

options = {
    'name': 'pkg',
    'packages': ['pkg'],
    'ext_modules': [Extension('pkg._fast', ['pkg/_fast.c'])],
}

try:
    setup(**options)
except SystemExit:
    del options['ext_modules']
    setup(**options)
`,
    after: `from setuptools import setup
from setuptools import Extension

options = {
    'name': 'pkg',
    'packages': ['pkg'],
    'hpy_ext_modules': [Extension('pkg._fast', ['pkg/_fast.c'])],
}

try:
    setup(**options)
except SystemExit:
    del options['hpy_ext_modules']
    setup(**options)
`,
  },
  {
    title: "a key that is stored and grown",
    build: "build",
    modules: ["pkg._fast"],
    setup: `from setuptools import setup, Extension

kwargs = dict(name="pkg", packages=["pkg"])
kwargs["ext_modules"] = []
kwargs["ext_modules"].append(Extension("pkg._fast", ["pkg/_fast.c"]))
if "ext_modules" in kwargs:
    kwargs["zip_safe"] = False
setup(**kwargs)
`,
    after: `from setuptools import setup, Extension

kwargs = dict(name="pkg", packages=["pkg"])
kwargs["hpy_ext_modules"] = []
kwargs["hpy_ext_modules"].append(Extension("pkg._fast", ["pkg/_fast.c"]))
if "hpy_ext_modules" in kwargs:
    kwargs["zip_safe"] = False
setup(**kwargs)
`,
  },
  {
    title: "a helper function and a loop over pairs",
    build: "build",
    modules: ["pkg._fast", "pkg._slow"],
    setup: `import os
from setuptools import setup, Extension

HERE = os.path.dirname(os.path.abspath(__file__))


def extension(name, *files, **options):
    return Extension("pkg." + name, [os.path.join("pkg", f) for f in files], **options)


extensions = []
for name, source in [("_fast", "_fast.c"), ("_slow", "_slow.c")]:
    extensions.append(extension(name, source, define_macros=[("PKG", "1")]))

if __name__ == "__main__":
    setup(name="pkg", packages=["pkg"], ext_modules=extensions)
`,
    after: `import os
from setuptools import setup, Extension

HERE = os.path.dirname(os.path.abspath(__file__))


def extension(name, *files, **options):
    return Extension("pkg." + name, [os.path.join("pkg", f) for f in files], **options)


extensions = []
for name, source in [("_fast", "_fast.c"), ("_slow", "_slow.c")]:
    extensions.append(extension(name, source, define_macros=[("PKG", "1")]))

if __name__ == "__main__":
    setup(name="pkg", packages=["pkg"], hpy_ext_modules=extensions)
`,
  },
  {
    title: "a list that a function returns, one stays",
    build: "build",
    modules: ["pkg._slow"],
    setup: `from setuptools import setup, Extension


def get_extensions():
    return [
        Extension("pkg." + stem, sources=["pkg/%s.c" % stem]) for stem in ("_fast", "_slow")
    ]


def main():
    setup(
        name="pkg",
        packages=["pkg"],
        ext_modules=get_extensions(),
    )


main()
`,
    after: `from setuptools import setup, Extension


def get_extensions():
    return [
        Extension("pkg." + stem, sources=["pkg/%s.c" % stem]) for stem in ("_fast", "_slow")
    ]


def main():
    HPY_EXTENSIONS = {"pkg._slow"}
    all_extensions = get_extensions()
    setup(
        name="pkg",
        packages=["pkg"],
        ext_modules=[ext for ext in all_extensions if ext.name not in HPY_EXTENSIONS],
        hpy_ext_modules=[ext for ext in all_extensions if ext.name in HPY_EXTENSIONS],
    )


main()
`,
  },
  {
    title: "a list that may be None",
    build: "build",
    modules: ["pkg._fast"],
    setup: `import os
from setuptools import setup, Extension

if os.environ.get("PKG_PURE"):
    modules = None
else:
    modules = [Extension("pkg._fast", ["pkg/_fast.c"]), Extension("pkg._slow", ["pkg/_slow.c"])]

setup(name="pkg", packages=["pkg"], ext_modules=modules)
`,
    after: `import os
from setuptools import setup, Extension

if os.environ.get("PKG_PURE"):
    modules = None
else:
    modules = [Extension("pkg._fast", ["pkg/_fast.c"]), Extension("pkg._slow", ["pkg/_slow.c"])]

HPY_EXTENSIONS = {"pkg._fast"}
setup(name="pkg", packages=["pkg"], ext_modules=[ext for ext in modules or [] if ext.name not in HPY_EXTENSIONS], hpy_ext_modules=[ext for ext in modules or [] if ext.name in HPY_EXTENSIONS])
`,
  },
  {
    title: "ext_package and an optional extension",
    build: "build",
    modules: ["pkg._fast"],
    setup: `from pathlib import Path
from setuptools import setup, Extension

SRC = Path("pkg")
setup(
    name = "pkg",
    packages = ["pkg"],
    ext_package = "pkg",
    ext_modules = [Extension(name = "_fast",
                             sources = [str(SRC / "_fast.c")],
                             optional = True)])
`,
    after: `from pathlib import Path
from setuptools import setup, Extension

SRC = Path("pkg")
setup(
    name = "pkg",
    packages = ["pkg"],
    ext_package = "pkg",
    hpy_ext_modules = [Extension(name = "_fast",
                             sources = [str(SRC / "_fast.c")],
                             optional = True)])
`,
  },
  {
    title: "a build_ext that removes what the platform lacks",
    build: "build",
    modules: ["pkg._fast", "pkg._slow"],
    setup: `from setuptools import setup, Extension
from setuptools.command.build_ext import build_ext as _build_ext


class build_ext(_build_ext):
    def build_extensions(self):
        for ext in list(self.extensions):
            if ext.name.endswith("_slow"):
                self.extensions.remove(ext)
        _build_ext.build_extensions(self)


setup(
    name="pkg",
    packages=["pkg"],
    cmdclass={"build_ext": build_ext},
    ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"]), Extension("pkg._slow", ["pkg/_slow.c"])],
)
`,
    after: `from setuptools import setup, Extension
from setuptools.command.build_ext import build_ext as _build_ext


class build_ext(_build_ext):
    def build_extensions(self):
        for ext in list(self.extensions):
            if ext.name.endswith("_slow"):
                self.extensions.remove(ext)
        _build_ext.build_extensions(self)


setup(
    name="pkg",
    packages=["pkg"],
    cmdclass={"build_ext": build_ext},
    hpy_ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"]), Extension("pkg._slow", ["pkg/_slow.c"])],
)
`,
  },
  {
    title: "carriage returns",
    build: "text-only",
    modules: ["pkg._fast"],
    setup:
      "from distutils.core import setup, Extension\r\nsetup(\r\n    ext_modules=[\r\n        Extension('pkg._fast', ['pkg/_fast.c']),\r\n        Extension('pkg._slow', ['pkg/_slow.c']),\r\n    ],\r\n)\r\n",
    after:
      "from setuptools import setup, Extension\r\nsetup(\r\n    ext_modules=[\r\n        Extension('pkg._slow', ['pkg/_slow.c']),\r\n    ],\r\n    hpy_ext_modules=[\r\n        Extension('pkg._fast', ['pkg/_fast.c']),\r\n    ],\r\n)\r\n",
  },
  {
    title: "a wrapper that may change the list",
    build: "text-only",
    modules: ["pkg._fast"],
    setup: `from setuptools import setup, Extension
from helper import prepare
setup(ext_modules=prepare([Extension("pkg._fast", ["pkg/_fast.c"])]))
`,
    after: `from setuptools import setup, Extension
from helper import prepare
HPY_EXTENSIONS = {"pkg._fast"}
all_extensions = prepare([Extension("pkg._fast", ["pkg/_fast.c"])])
setup(ext_modules=[ext for ext in all_extensions if ext.name not in HPY_EXTENSIONS], hpy_ext_modules=[ext for ext in all_extensions if ext.name in HPY_EXTENSIONS])
`,
  },
  {
    title: "a module without packages, and full names from distutils",
    build: "build",
    modules: ["_fast"],
    setup: `import distutils.core
import distutils.command.build_ext
import distutils.util

class command(distutils.command.build_ext.build_ext):
    user_options = distutils.command.build_ext.build_ext.user_options + [("tune", None, "tune")]
    boolean_options = ["tune"]
    def initialize_options(self):
        super().initialize_options()
        self.tune = distutils.util.strtobool("no")

distutils.core.setup(name="fast",
                     cmdclass={"build_ext": command},
                     ext_modules=[distutils.core.Extension("_fast", ["pkg/_fast.c"])])
`,
    after: `import setuptools
import setuptools.command.build_ext
import distutils.util

class command(setuptools.command.build_ext.build_ext):
    user_options = setuptools.command.build_ext.build_ext.user_options + [("tune", None, "tune")]
    boolean_options = ["tune"]
    def initialize_options(self):
        super().initialize_options()
        self.tune = distutils.util.strtobool("no")

setuptools.setup(name="fast",
                     cmdclass={"build_ext": command},
                     hpy_ext_modules=[setuptools.Extension("_fast", ["pkg/_fast.c"])],
                     ext_modules=[])
`,
  },
  {
    title: "variables in a literal list, one stays",
    build: "text-only",
    modules: ["pkg._slow"],
    setup: `from setuptools import setup, Extension
_fast = Extension("_fast", ["pkg/_fast.c"])
_slow = Extension("_slow", ["pkg/_slow.c"])
setup (packages = ["pkg"],
       ext_package = "pkg",
       ext_modules = [_fast, _slow])
`,
    after: `from setuptools import setup, Extension
_fast = Extension("_fast", ["pkg/_fast.c"])
_slow = Extension("_slow", ["pkg/_slow.c"])
setup (packages = ["pkg"],
       ext_package = "pkg",
       ext_modules = [_fast],
       hpy_ext_modules = [_slow])
`,
  },
];
