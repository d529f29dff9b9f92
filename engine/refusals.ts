/** What every refusal means: why the construct cannot be proved or expressed in HPy 0.9, and what a maintainer can do. */

export interface RefusalPage {
  /** The id that reports carry; never recycled. */
  readonly id: string;
  /** What was met, one line. */
  readonly title: string;
  /** What the construct is, why it stays, what can be done about it; paragraphs are separated by an empty line. */
  readonly text: string;
  /** C code that is refused, and how it could be written so that it is not. */
  readonly example?: { readonly before: string; readonly after: string };
}

/** In the order of their ids. */
export const REFUSALS: readonly RefusalPage[] = [
  {
    id: "address-of-reference",
    title: "The address of a reference is given away",
    text: `A function receives the address of a local reference. Whether it stores a new reference there, a borrowed one, or gives up the old one cannot be seen from the call, so nothing can be said about who closes the handle afterwards.

Let the function return the object instead, or use one of the C-API calls whose out parameters are known.`,
    example: {
      before: "PyObject *item = NULL;\nexternal_lookup(table, &item);",
      after: "PyObject *item = external_lookup(table);",
    },
  },
  {
    id: "already-migrated",
    title: "The module is an HPy module already",
    text: `The module is defined by HPy_MODINIT, so there is no PyModule_Create to move. Functions that are still listed in \`legacy_methods\` move one by one.`,
  },
  {
    id: "ambiguous-field",
    title: "A field name belongs to several structs",
    text: `Several structs have a field of this name; in some it holds an object and in others it does not, and the type of the expression before it cannot be worked out. Whether the value is a reference is therefore unknown.

Give the fields different names, or read the field through a local variable that is declared with the struct type.`,
  },
  {
    id: "api-without-gil",
    title: "The API is used where the lock is released",
    text: `On some path a call touches the API or an object while the interpreter's lock is released: between Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS, or between PyEval_SaveThread and PyEval_RestoreThread. HPy allows no API at all there, not even to close a handle. The same id stands for a function that does not release and take the lock in turns on every path.

Move the call out of the region, end the region before it, or take the lock for it with Py_BLOCK_THREADS.`,
    example: {
      before: "Py_BEGIN_ALLOW_THREADS\nn = compute(PyBytes_AS_STRING(data));\nPy_END_ALLOW_THREADS",
      after:
        "const char *text = PyBytes_AS_STRING(data);\nPy_BEGIN_ALLOW_THREADS\nn = compute(text);\nPy_END_ALLOW_THREADS",
    },
  },
  {
    id: "argument-count-changed",
    title: "The number of arguments is assigned",
    text: `A METH_FASTCALL function changes its own \`nargs\`. HPy passes the count as an unsigned number, so that counting down below zero would mean something else.

Copy the count into a variable of its own and change that.`,
  },
  {
    id: "argument-target",
    title: "An argument is parsed into memory that outlives the call",
    text: `The target of a format unit is not a local variable but an out parameter or C memory that keeps the object. The C API stores a borrowed reference there; a handle may not be kept, and the borrowed reference may be used after its owner is gone.

Parse into a local variable, then store what is needed.`,
    example: {
      before: 'PyArg_ParseTuple(args, "O", &state->callback)',
      after:
        'PyObject *callback;\nif (!PyArg_ParseTuple(args, "O", &callback)) return NULL;\nPy_INCREF(callback);\nPy_XSETREF(state->callback, callback);',
    },
  },
  {
    id: "argument-with-side-effects",
    title: "An argument would have to be evaluated twice",
    text: `The HPy form needs the argument at two places, and evaluating it a second time could have effects.

Put the argument into a local variable first.`,
    example: { before: "PyModule_AddIntMacro(m, next())", after: 'PyModule_AddIntConstant(m, "next", next());' },
  },
  {
    id: "borrowed-out-parameter",
    title: "A borrowed reference is handed out through a pointer",
    text: `The function stores a borrowed reference into its caller's variable. A handle that is closed before the function returns would dangle there, and one that is left open would have no owner.

Hand out a new reference and let the caller release it.`,
    example: {
      before: "*result = PyTuple_GET_ITEM(pair, 0);",
      after: "*result = Py_NewRef(PyTuple_GET_ITEM(pair, 0));",
    },
  },
  {
    id: "borrowed-reference-returned",
    title: "A borrowed reference is returned to Python",
    text: `Python takes over the reference that a method returns. Here it is one that the function does not own, which is a reference-counting bug of the original, or ownership that comes from somewhere the analysis does not see.

Add the missing Py_INCREF, or Py_NewRef in the return statement.`,
    example: {
      before: "return PyList_GET_ITEM(list, 0);",
      after: "return Py_NewRef(PyList_GET_ITEM(list, 0));",
    },
  },
  {
    id: "borrowed-reference-stolen",
    title: "A call takes over a reference that the function does not own",
    text: `A call steals its argument, and on some path the argument is a borrowed reference. Either the original releases a reference too many, or the ownership comes from somewhere the analysis does not see.

Add the missing Py_INCREF before the call.`,
    example: {
      before: "PyList_SET_ITEM(list, 0, PyTuple_GET_ITEM(tuple, 0));",
      after: "PyList_SET_ITEM(list, 0, Py_NewRef(PyTuple_GET_ITEM(tuple, 0)));",
    },
  },
  {
    id: "bridge-not-wanted",
    title: "It would go on using the C API in places",
    text: `The function can move, but HPy 0.9 lacks something that it calls, or it works on references that C memory keeps, so that it would call the C API over a bridge. With \`--bridge never\` such functions stay as they are.

Use \`--bridge needed\`, the default, or rewrite the function without these calls.`,
  },
  {
    id: "build-file-unsupported",
    title: "The build files cannot be edited",
    text: `The build files (setup.py, setup.cfg, pyproject.toml) describe the extension in a way that cannot be read statically, or for which HPy has no key. The C sources are not touched either, because they would not build.

Pass the Extension of the module to setup() as \`hpy_ext_modules\` by hand, require hpy 0.9 and setuptools to build, and run the tool again.`,
    example: {
      before: "setup(ext_modules=make_extensions())",
      after: 'setup(hpy_ext_modules=[Extension("package.module", ["module.c"])])',
    },
  },
  {
    id: "calls-legacy-function",
    title: "A function that stays legacy is called with objects",
    text: `The callee takes or returns objects and is itself refused or cannot be bridged here. Its own refusal says why; when that is solved, this one goes away.`,
  },
  {
    id: "calls-unproven-function",
    title: "A function whose ownership is not proved is called",
    text: `The callee stays legacy, and what it does with the references that it is given or returns is not known. A call of it goes over a bridge (\`legacy_call_NAME\`) only where the caller's own code shows on every path that the arguments stay the caller's and the result is a new reference, and where the callee neither looks at reference counts nor takes pointers to references.

Look at the refusal of the callee first; or release in the caller, on every path, what the caller owns.`,
  },
  {
    id: "cell-reference-unbalanced",
    title: "References kept in a struct do not balance",
    text: `The function takes references out of a struct or global variable, or puts them in, and the number that it adds does not match the number that it releases. A field of a migrated struct owns exactly one handle, so there is no form for this.

Let every store into the field own its reference, and release the old value when it is replaced (Py_XSETREF).`,
    example: {
      before: "self->cache = value;\nPy_INCREF(value);\nPy_INCREF(value);",
      after: "Py_XSETREF(self->cache, Py_NewRef(value));",
    },
  },
  {
    id: "computed-format",
    title: "A format is not a string literal",
    text: `The format of an argument parser, a value builder or a message is computed or comes from a variable. Formats of HPy differ from those of the C API (HPy lacks many units), so that it must be read before it can be moved.

Write the format as a literal at the call; adjacent literals and macros of literals are read too.`,
    example: {
      before: 'const char *format = strict ? "O" : "|O";\nPyArg_ParseTuple(args, format, &value)',
      after: 'strict ? PyArg_ParseTuple(args, "O", &value) : PyArg_ParseTuple(args, "|O", &value)',
    },
  },
  {
    id: "computed-keywords",
    title: "The list of keywords cannot be read",
    text: `The keyword list of PyArg_ParseTupleAndKeywords is not a local or static array of string literals that ends with NULL. The parser of HPy does not reject unknown keywords by itself, so the names must be known.

Declare the list as \`static char *keywords[] = {"name", NULL};\`.`,
  },
  {
    id: "conditional-code",
    title: "An #if decides over the code",
    text: `A conditional block splits a statement or the definition of the function, or the entry of the method table stands inside one, and both branches are possible. Only one of them can be analysed, and rewriting it could break the other.

Put whole statements or whole functions under the condition, or remove branches for versions of Python that are no longer supported (HPy 0.9 needs 3.8 or later).`,
    example: {
      before: "#if PY_MAJOR_VERSION >= 3\nif (PyUnicode_Check(x)) {\n#else\nif (PyString_Check(x)) {\n#endif",
      after: "if (PyUnicode_Check(x)) {",
    },
  },
  {
    id: "constant-without-handle",
    title: "A constant of the C API has no handle in HPy",
    text: `The context of HPy 0.9 holds None, True, False, Ellipsis, NotImplemented, the exceptions of Python 3.8 and a few types; this object is not among them.

Where a call can do without the object, write it so. Types of the builtins can be looked up by name; objects of other modules can be imported.`,
    example: { before: "PyObject_CallOneArg((PyObject *)&PySet_Type, items)", after: "PySet_New(items)" },
  },
  {
    id: "control-flow-not-understood",
    title: "The control flow cannot be followed",
    text: `The function jumps in a way of which no control-flow graph is made: a computed goto, a jump into a statement expression, setjmp, or inline assembly with labels. Without the graph no path can be proved to close its handles.

Put the part that jumps into a helper that does not touch objects.`,
  },
  {
    id: "converter",
    title: "A reference comes from an O& converter",
    text: `A converter function fills a \`PyObject *\`. Whether it stores a new or a borrowed reference, and whether it has to be called again to clean up, is known only to the converter.

Parse with \`O\` and call the converter afterwards as an ordinary function.`,
    example: {
      before: 'PyArg_ParseTuple(args, "O&", convert_item, &item)',
      after: 'PyObject *given;\nif (!PyArg_ParseTuple(args, "O", &given)) return NULL;\nitem = convert_item(given);',
    },
  },
  {
    id: "cplusplus-auto",
    title: "The compiler works out a type",
    text: `A variable is declared with \`auto\` or \`decltype\`. Whether it holds a reference, and which part of the function owns it, depends on a type that is not written.

Write the type where the variable may hold an object.`,
    example: { before: "auto item = PyList_GetItem(list, 0);", after: "PyObject *item = PyList_GetItem(list, 0);" },
  },
  {
    id: "cplusplus-call",
    title: "A function of C++ takes or gives a reference",
    text: `The function that is called is a member of a class, a template, a function of another namespace, or one with default arguments. What it does with a reference that it takes, and whether the one that it answers is new or borrowed, cannot be seen from the call.

Call a plain function for what concerns objects, and pass to the C++ one what it computes with.`,
    example: { before: "return holder.get();", after: "return make_result(holder);" },
  },
  {
    id: "cplusplus-class",
    title: "Values of a class are made in the function",
    text: `The function declares a variable of a class, makes an object with \`new\`, or defines a class. Destructors run at the end of a scope where nothing is written; whether one releases an object, and whether that would come before or after the closing of a handle, is not known. Numbers, pointers, plain structs, \`std::string\` and vectors of numbers are known to hold no objects.

Keep the value of the class in a function of its own that touches no objects.`,
    example: {
      before:
        "static PyObject *\nsize(PyObject *self, PyObject *arg)\n{\n    Document document(PyUnicode_AsUTF8(arg));\n    return PyLong_FromSize_t(document.size());\n}",
      after:
        "static size_t\nsize_of(const char *text)\n{\n    Document document(text);\n    return document.size();\n}\n\nstatic PyObject *\nsize(PyObject *self, PyObject *arg)\n{\n    return PyLong_FromSize_t(size_of(PyUnicode_AsUTF8(arg)));\n}",
    },
  },
  {
    id: "cplusplus-declaration-in-condition",
    title: "A condition declares a variable",
    text: `A variable that is declared in the condition of an \`if\`, \`while\` or \`switch\` lives in that statement only, and there is no place between its test and its end where its handle could be closed.

Declare the variable before the statement.`,
    example: {
      before: "if (PyObject *item = find(key))\n    return item;",
      after: "PyObject *item = find(key);\nif (item)\n    return item;",
    },
  },
  {
    id: "cplusplus-direct-initialisation",
    title: "A pointer is initialised in parentheses or braces",
    text: `\`T *x(call())\` and \`T *x{call()}\` are a declaration, a conversion and a call in one. What a pointer points into, or which reference it is, is followed in initialisers with \`=\` only.

Write \`T *x = call();\`.`,
    example: { before: "PyObject *text{PyObject_Str(arg)};", after: "PyObject *text = PyObject_Str(arg);" },
  },
  {
    id: "cplusplus-exception",
    title: "An exception of C++ could pass over a handle",
    text: `The function catches or throws exceptions, or something that may throw is called while a borrowed reference has become a handle. An exception leaves the function without the calls that close its handles, and the C code had nothing to release there, so the move would add a leak.

Turn exceptions into error codes in a function that touches no objects, and call that one.`,
  },
  {
    id: "cplusplus-goto",
    title: "A jump would pass over the declaration of a handle",
    text: `C++ forbids a \`goto\` or a \`case\` to jump into the scope of a variable past its initialisation. The rewritten function would need a handle that is initialised between the jump and its target.

Put the cases, or the code between the jump and its label, into braces.`,
  },
  {
    id: "cplusplus-lambda",
    title: "The function has a lambda expression",
    text: `The body of a lambda runs where it is called, or never, and it may hold the variables of the function. The analysis does not follow it.

Write a function instead.`,
  },
  {
    id: "cplusplus-linkage",
    title: "A function is declared for C by itself",
    text: `HPy's macros declare the function that they define as \`static\`. \`extern "C"\` right before the function contradicts that, and so does an exception specification such as \`noexcept\`. A block \`extern "C" { }\` around several declarations is no obstacle.

PyMODINIT_FUNC says \`extern "C"\` itself, and functions that only tables name do not need it: leave it out.`,
    example: {
      before:
        'extern "C" PyObject *\nsize(PyObject *self, PyObject *arg)\n{\n    return PyLong_FromSsize_t(PyObject_Size(arg));\n}',
      after:
        "static PyObject *\nsize(PyObject *self, PyObject *arg)\n{\n    return PyLong_FromSsize_t(PyObject_Size(arg));\n}",
    },
  },
  {
    id: "cplusplus-namespace",
    title: "A definition stands in a namespace",
    text: `HPy's macros define the functions and variables that a module consists of by their plain names. What stands in a namespace with a name is not found by arrays and by HPy_MODINIT outside of it; a namespace without a name is no obstacle.

Define the module, its table of methods and the functions in it at file scope or in one namespace without a name.`,
  },
  {
    id: "cplusplus-overload",
    title: "A function is overloaded",
    text: `Several functions of this name are declared, or a template. Which one is called depends on the types of the arguments, and those change when references become handles.

Give the function that takes objects a name of its own.`,
  },
  {
    id: "cplusplus-qualified-name",
    title: "A variable of a class or namespace is used",
    text: `The name of a variable is qualified, such as \`Point::type\`. Whether it holds an object, and who owns that, is not followed; only variables at file scope are.

Keep the object in a static variable at file scope.`,
  },
  {
    id: "cplusplus-range-loop",
    title: "A loop goes over a range",
    text: `A loop over a range calls functions of the range's class. Only loops over local strings and vectors of numbers are followed, whose variable has a name that nothing else in the function has.

Loop over indices, or give the loop's variable a name of its own.`,
  },
  {
    id: "cplusplus-reference",
    title: "A reference of C++ stands for a variable",
    text: `A reference is another name for a variable; an assignment through it changes what that variable holds, where nothing shows it. Parameters that are references to numbers or strings are followed, others are not.

Pass a pointer.`,
    example: {
      before: "bool find(PyObject *key, PyObject *&item);",
      after: "bool find(PyObject *key, PyObject **item);",
    },
  },
  {
    id: "cplusplus-static-local",
    title: "A static variable is initialised by a call",
    text: `In C++ such a call runs when the function is called for the first time, and its result stays. What the variable holds afterwards is not followed.

Initialise it with NULL, and fill it where the module is initialised.`,
  },
  {
    id: "custom-allocator",
    title: "A type has an allocator of its own",
    text: `HPy_New, the only way to make an object with HPy, allocates by itself and never calls a type's tp_alloc. An object that comes from a free list or an arena would come from somewhere else, and its deallocator would put it there.

Drop the allocator: CPython's own allocator keeps freed blocks by size.`,
  },
  {
    id: "declared-in-header",
    title: "A helper is declared in a header of a plain module",
    text: `The prototype of a helper becomes HPy code, and the header that it stands in is also read by a module that is not an HPy module. The build of that module has no \`hpy.h\`.

Declare the helper in a header of its own.`,
  },
  {
    id: "defines-not-found",
    title: "The .defines of the HPyModuleDef cannot be edited",
    text: `The module is an HPy module, but its HPyModuleDef has no \`.defines\` or the array that it names is not a plain list that ends with NULL. A moved method must be entered there.

Write \`static HPyDef *defines[] = {&method, NULL};\` in the file of the module and name it in the definition.`,
  },
  {
    id: "definition-in-other-file",
    title: "One definition needs what stands in two files",
    text: `The function of an entry and what the entry names beside it, a docstring, a closure or the setter of its getter, are static in different files. An HPyDef stands beside its function and cannot name the other.

Move the function or what the entry names into the same file.`,
  },
  {
    id: "expression-not-understood",
    title: "An expression is not understood",
    text: `The expression uses references in a way for which the analysis has no rule. Nothing is known about the ownership of its value.

Split it into statements that each do one thing.`,
  },
  {
    id: "fields-stay-pointers",
    title: "The references in a struct stay PyObject *",
    text: `The struct of the type holds objects, and they stay \`PyObject *\` there, so that the type cannot be laid out by HPy. They become \`HPyField\`s all at once, when nothing but HPy code uses them any more; the message says what stands in the way.

Legacy code cannot read an \`HPyField\`. HPy knows fields one by one, no arrays of them. It clears all of them before it runs \`HPy_tp_destroy\`, so a deallocator must not need the objects first, for weak references either, and has to release each of them. The functions for \`tp_traverse\` and \`tp_clear\` go, so they must do nothing else.`,
  },
  {
    id: "format-not-supported",
    title: "A format has no form in HPy",
    text: `The format is understood, but HPy 0.9 can neither parse or build such a unit nor is there a support function that does it with the same errors.

The message names the unit. Often \`O\` with a conversion by hand does the same.`,
  },
  {
    id: "format-not-understood",
    title: "A format cannot be read",
    text: `The format does not follow the grammar of the C API, or wants another number of arguments than the call gives. The original fails at run time, or reads arguments that are not there.`,
  },
  {
    id: "freed-by-hand",
    title: "The memory of an object is given back that the function has not made",
    text: `PyObject_Del frees an object without calling its deallocator. That is kept, over a bridge, for an object that the same function has made and that nothing else refers to.

Release the reference with Py_DECREF.`,
  },
  {
    id: "function-listed-twice",
    title: "One function is called in different ways",
    text: `The same C function stands in several entries of legacy tables, and HPy calls these with different parameters, for example a method without arguments and one with an argument. The function can have one form only.

Give each entry a function of its own that calls a common helper.`,
    example: {
      before: '{"version", version, METH_NOARGS, NULL},\n{"version_of", version, METH_O, NULL},',
      after: "static PyObject *version_of(PyObject *self, PyObject *name) { return version(self, name); }",
    },
  },
  {
    id: "function-not-found",
    title: "The method has no single definition",
    text: `The function that the method table names is not defined in the files of the project, is made by a macro, or is defined more than once.

Define it as an ordinary function.`,
  },
  {
    id: "function-pointer",
    title: "A pointer to a function on objects",
    text: `A function that takes or returns objects is called through a pointer. All functions that the pointer may hold would have to move together with its type, and which they are is not known.

Call the functions by name, for example in a switch.`,
  },
  {
    id: "function-used-elsewhere",
    title: "The function is used outside of its legacy tables",
    text: `The function of a method or slot is also named somewhere else, in a way that a copy cannot serve: it is compared with the slot of a type, which holds another function once it has moved, or functions that move with it call it with arguments that HPy passes in another form.

Move the body into a helper that both call.`,
    example: {
      before: "if (Py_TYPE(o)->tp_repr == Point_repr) ...",
      after: "if (PyObject_TypeCheck(o, &Point_Type)) ...",
    },
  },
  {
    id: "generated-file",
    title: "The file is generated",
    text: `The file says that another program has written it. Changes would be lost the next time; its source has to be migrated, or the generator has to learn HPy.`,
  },
  {
    id: "handle-without-variable",
    title: "A handle has no variable when it should be closed",
    text: `On some path the last variable that holds an object is overwritten or goes out of scope while the object must still be closed, and no other expression reaches it.

Keep the object in a variable until it is released.`,
  },
  {
    id: "helper-in-header",
    title: "A helper is defined in a file that a plain module reads too",
    text: `The function that moves is defined in a header, or in a source that several modules share, and one of these modules is not an HPy module. Its build has no \`hpy.h\`, so that HPy code cannot stand there.

Move the definition into a file of the module that uses it, or make the other one an HPy module too.`,
  },
  {
    id: "init-returns-other",
    title: "The init function returns something else than the module",
    text: `The function that fills the module returns an object that is not the module it was given, or one that cannot be told. In HPy the interpreter has the module already, and HPy_mod_exec only answers success or failure.

Return the module, or NULL with an exception.`,
  },
  {
    id: "interior-pointer-escapes",
    title: "A pointer into an object outlives the handle",
    text: `The C memory of a str or bytes object is stored in a struct or global variable. In HPy such a pointer is valid only as long as the very handle that it came from is open.

Copy the text, or keep the object in a field beside the pointer.`,
    example: {
      before: "self->name = PyUnicode_AsUTF8(name);",
      after: "const char *text = PyUnicode_AsUTF8(name);\nself->name = text == NULL ? NULL : strdup(text);",
    },
  },
  {
    id: "interior-pointer-returned",
    title: "A pointer into an object is returned",
    text: `The function returns the C memory of an object that it may be the last to hold. In HPy the pointer dies with the handle.

Return the object, or a copy of the text.`,
  },
  {
    id: "internal-error",
    title: "The tool failed on this function",
    text: `An assumption of the tool does not hold here. The function stays as it is and the others are not affected. Please report it with the function, if you can.`,
  },
  {
    id: "kept-beside-copy",
    title: "A legacy copy stays for legacy code",
    text: `The function has moved, and Python and HPy code call its HPy form. Legacy code cannot: it has no context. For the legacy code that still uses it the C-API form stays beside it.

It goes with the last legacy function that uses it.`,
  },
  {
    id: "keywords-as-dict",
    title: "The dict of keyword arguments is used directly",
    text: `The function reads or passes on the dict that the C API gives for \`**kwargs\`. HPy gives the names of the keywords as a tuple and their values behind the positional arguments instead.

Parse the keywords with \`PyArg_ParseTupleAndKeywords\`.`,
  },
  {
    id: "macro-uses-api",
    title: "A macro of the project uses the API and cannot be written out",
    text: `The macro expands to code that uses the C API, objects or a jump. Such macros are written out in the functions that move; this one cannot be: several definitions are possible where it is used, it is called with an empty argument or with a comment or \`#if\` among its arguments, or its expansion is very long.

Turn the macro into a static function, or give it one definition.`,
    example: {
      before: "#ifdef STRICT\n#define FAIL(text) return raise(text)\n#else\n#define FAIL(text) return NULL\n#endif",
      after: "static PyObject *fail(const char *text) { ... }\n...\nreturn fail(text);",
    },
  },
  {
    id: "member-kind",
    title: "A member that HPy does not have",
    text: `HPy 0.9 has members for the numeric types, characters, booleans and strings. Members of other kinds (T_NONE), with other flags than READONLY, and those with which CPython learns the offset of a dict, of weak references or of a vectorcall function have no counterpart that works.

The member stays in the legacy table, where it works under the hybrid ABI.`,
  },
  {
    id: "member-of-object",
    title: "A member is a field with an object",
    text: `The member reads and writes a \`PyObject *\` in the struct. A member of HPy that is an object needs an \`HPyField\` there, and in HPy 0.9 its offset moves each time the type is created again, so that the module crashes when it is imported a second time.

The member stays in the legacy table until the step that makes the field an \`HPyField\`, and becomes a member of HPy there. The type is created once in a process, so that its offset moves only once.`,
  },
  {
    id: "method-flags",
    title: "HPy has no such calling convention",
    text: `HPy 0.9 defines methods of the kinds METH_NOARGS, METH_O, METH_VARARGS and keywords. METH_CLASS, METH_STATIC, METH_METHOD and METH_COEXIST have no counterpart.

The method stays in \`legacy_methods\`, where it works under the hybrid ABI. For METH_CLASS and METH_STATIC a module function can be wrapped with \`classmethod\` or \`staticmethod\` when the module is executed.`,
  },
  {
    id: "method-not-a-name",
    title: "An entry of a legacy table names no function",
    text: `The function of a method, getset or slot is an expression: a macro with arguments, a conditional, or a cast of something that is not a name.

Write the name of the function.`,
  },
  {
    id: "mixed-declaration",
    title: "One declaration has references of both kinds",
    text: `A declaration with several variables names some that become handles and some that stay \`PyObject *\`, because the C API stores into them. The two need different types.

Declare them separately.`,
    example: {
      before: "PyObject *key, *value, *result;\nwhile (PyDict_Next(dict, &pos, &key, &value)) ...",
      after: "PyObject *key, *value;\nPyObject *result;\nwhile (PyDict_Next(dict, &pos, &key, &value)) ...",
    },
  },
  {
    id: "module-create-slot",
    title: "The module is made by a Py_mod_create slot",
    text: `HPy 0.9 has such a slot only for objects that are no modules, and nothing else may be set then.

Fill an ordinary module in a Py_mod_exec slot instead.`,
  },
  {
    id: "module-creation-not-found",
    title: "The creation of the module cannot be moved",
    text: `The init function does not create its module by one plain call of PyModule_Create in the same file: it is called more than once, in another file, in a helper with parameters, or together with code that does more than return the definition. In HPy the module is made by HPy_MODINIT and filled in HPy_mod_exec.

Write the init function so that it calls PyModule_Create once, with the static definition, and then fills the module.`,
    example: {
      before: "PyObject *m = make_module(&definition, flags);",
      after: "PyObject *m = PyModule_Create(&definition);",
    },
  },
  {
    id: "module-definition-not-found",
    title: "The PyModuleDef cannot be read",
    text: `The definition of the module is not a static variable with an initialiser in the same file, or its slots are computed. HPy needs an HPyModuleDef in its place.

Write \`static struct PyModuleDef name = {PyModuleDef_HEAD_INIT, ...};\` in the file of the init function.`,
  },
  {
    id: "module-init-not-found",
    title: "The init function of a module was not recognised",
    text: `There is a PyModuleDef, but no function of its file, or of a file that includes it, has a name \`PyInit_...\` that the tool can read. A macro that makes the name is followed when it pastes its argument behind \`PyInit_\`.

Write the head of the init function out.`,
    example: {
      before: "MODULE_HEAD(spam)\n{",
      after: "PyMODINIT_FUNC\nPyInit_spam(void)\n{",
    },
  },
  {
    id: "module-linked-into-another",
    title: "Another HPy module has the sources of this one",
    text: `The build links the source with this module's init function into the extension of another module too. \`HPy_MODINIT\` defines symbols of which a shared library can have one set only, so that one of the two has to stay.

Move what both need to a source without an init function; then each can be an HPy module.`,
  },
  {
    id: "module-state",
    title: "The module has state",
    text: `HPy 0.9 has no module state: \`size\` must be 0, and there are no traverse, clear and free functions of a module. The state struct becomes a static variable where every use of it is a plain \`PyModule_GetState(...)\` and its type is defined in the file of the module or in a header.

Keep objects in HPyGlobal variables, other data in static C variables.`,
  },
  {
    id: "module-stays-legacy",
    title: "The module cannot be made an HPy module",
    text: `The function itself may be fine, but its module is refused, and a legacy module cannot list HPy methods. The message repeats why.`,
  },
  {
    id: "named-in-macro",
    title: "The method is named in a macro",
    text: `A macro names the function, so that it may be used wherever the macro is expanded, with the signature of the C API.

Name the function only in its method table.`,
  },
  {
    id: "no-hpy-equivalent",
    title: "HPy 0.9 has no such call",
    text: `The function of the C API has no counterpart in HPy 0.9, and a bridge to the C API would not be right either: it depends on the error state, reference counts, thread state or the layout of objects, which handles do not show. The message names what is missing; \`hpy-migrate explain NAME\` tells more.

The function stays legacy under the hybrid ABI. Where only a small part needs the call, move that part into a helper of its own.`,
  },
  {
    id: "non-local-jump",
    title: "Jumps between functions",
    text: `The function calls \`setjmp\` or \`longjmp\`, itself or in a function that it calls. Such a jump passes over the places where handles are closed, so that no path can be followed to its end.

Return an error code through the callers, and tidy up in each of them.`,
  },
  {
    id: "not-bridgeable",
    title: "A call has no counterpart and cannot be bridged",
    text: `A bridge is made from the signature of the C function: objects go in as \`PyObject *\` and come out as handles. Functions with a variable number of arguments, arrays of objects or pointers that are read and replaced cannot be bridged so.

Use a call with fixed arguments, or move the call into a helper that stays legacy.`,
  },
  {
    id: "object-array",
    title: "An array of references",
    text: `References are kept in a C array, or a pointer walks over them. The analysis follows single variables; which element owns what cannot be proved.

Use single variables, a list or a tuple.`,
    example: {
      before: "PyObject *parts[2] = {first, second};",
      after: "PyObject *parts = PyTuple_Pack(2, first, second);",
    },
  },
  {
    id: "object-in-struct",
    title: "A reference is put into C memory",
    text: `A reference is stored into an array or struct that is not known to hold objects. A handle may not live longer than the call; long-lived memory needs HPyField or HPyGlobal, which belong to a type or a variable of the module.

Declare the field as \`PyObject *\`, or keep the object in a global variable of the module.`,
  },
  {
    id: "object-internals",
    title: "The layout of an object is used",
    text: `A field of an object's own struct is read (\`ob_type\`, \`ob_refcnt\`, \`ob_size\`, \`tp_name\`, \`ob_item\`...). HPy hides the layout, which differs between implementations.

Use a call: Py_TYPE, PyObject_Size, PyList_GetItem, attributes of the type.`,
    example: { before: "Py_TYPE(x)->tp_name", after: 'PyObject_GetAttrString((PyObject *)Py_TYPE(x), "__name__")' },
  },
  {
    id: "object-struct-copied",
    title: "The struct of an object is copied or lives on the stack",
    text: `A variable or expression is the struct of an object itself, not a pointer to it. HPy gives access to the struct behind a handle, but an object can be neither copied by assignment nor made outside the heap.

Copy the fields that are meant one by one, or keep them in a struct of their own inside the object.`,
  },
  {
    id: "only-used-by-legacy-code",
    title: "Only legacy code uses the function",
    text: `No moved method calls the function: it is used by types of the extension, by the init function or by functions that stay legacy. Legacy code has no context, so it could not call an HPy function.

The function moves by itself as soon as one of its callers does.`,
  },
  {
    id: "out-parameter-not-a-variable",
    title: "An out parameter is not a local variable",
    text: `A function of the project hands out a reference into a field, an array element or another function's variable. The handle there would have no owner that the analysis can see.

Pass the address of a local variable, then store its value.`,
  },
  {
    id: "over-release",
    title: "A reference is released that the function does not own",
    text: `On some path Py_DECREF is called on a borrowed reference. Either the original releases one reference too many, or the reference comes from somewhere the analysis does not see.

Check the path that the report shows; add the missing Py_INCREF or remove the Py_DECREF.`,
  },
  {
    id: "overwritten-in-own-definition",
    title: "A variable is replaced by something read from itself",
    text: `A statement like \`x = f(x)\` replaces a handle that is open by a value made from it. The old handle has to be closed after the call and before the assignment, for which a second variable is needed.

Use a second variable.`,
    example: {
      before: "node = PyTuple_GET_ITEM(node, 0);",
      after: "PyObject *first = PyTuple_GET_ITEM(node, 0);",
    },
  },
  {
    id: "ownership-differs-by-path",
    title: "Who owns the reference depends on the path",
    text: `The same statement releases a reference that the function owns on one path and one that is only borrowed on another. A handle is either closed here or not.

Make the paths alike: take a reference (Py_NewRef) where the value is borrowed.`,
    example: {
      before: "item = fast ? PyTuple_GET_ITEM(t, 0) : PySequence_GetItem(t, 0);",
      after: "item = fast ? Py_NewRef(PyTuple_GET_ITEM(t, 0)) : PySequence_GetItem(t, 0);",
    },
  },
  {
    id: "parse-result-ignored",
    title: "Arguments are parsed without looking at the result",
    text: `The function goes on whether or not its arguments could be parsed. Which variables are set when they could not differs between CPython and HPy, so the values that it goes on with would differ.

Return when the parser fails.`,
  },
  {
    id: "parsed-tuple-is-not-args",
    title: "A tuple is parsed that is not the function's arguments",
    text: `PyArg_ParseTuple is used to take apart a tuple of its own. HPyArg_Parse reads an array of handles, which exists only for the arguments of a call. A helper that parses the arguments of its callers gets that array from each of them, so all must pass on their own.

Use PyTuple_GetItem and convert the items.`,
  },
  {
    id: "pointer-arithmetic",
    title: "Arithmetic on references",
    text: `A reference, or a pointer to references, is used as a number or moved by one. A handle is no pointer and no number; its bits mean nothing.

Use the identity of the object (\`id\`), its hash, or indexes.`,
  },
  {
    id: "pointer-comparison",
    title: "References are compared other than for identity",
    text: `References are ordered by address, or compared with something that is not a reference. Handles have no order, and two handles of one object may differ in their bits.

Compare two references for identity only, which becomes HPy_Is.`,
  },
  {
    id: "recursive-ownership",
    title: "A recursive function with unusual ownership",
    text: `The function calls itself, directly or through others, and does not keep to the usual convention: arguments are borrowed, results are new. What the inner call does would have to be known before the outer one is analysed.

Let the function borrow its arguments and return a new reference.`,
  },
  {
    id: "reference-cast",
    title: "A reference is cast to something else",
    text: `A \`PyObject *\` becomes a \`void *\`, an integer or a struct pointer that is not an object of a known type, or the other way round. A handle is not a pointer to the object.

Pass the object as \`PyObject *\`; for user data of a C library, pass a struct that lives as long as the call.`,
  },
  {
    id: "reference-count-as-logic",
    title: "The reference count is read",
    text: `The function looks at the reference count of an object, for example to change it in place while nobody else has it. Handles hold references of their own, so the count means something else.

Always make a new object, or use a builder.`,
  },
  {
    id: "reference-count-in-expression",
    title: "A reference count is changed inside an expression",
    text: `Py_INCREF or Py_DECREF is an operand of a larger expression, such as \`return Py_INCREF(x), x\`. HPy has nothing that could stand there.

Write it as a statement of its own, or use Py_NewRef.`,
    example: { before: "return Py_INCREF(x), x;", after: "return Py_NewRef(x);" },
  },
  {
    id: "reference-overwritten",
    title: "A variable is assigned while it owns a reference",
    text: `The variable holds a handle that is still open when it gets a new value. Either the original leaks here, or the reference is also kept somewhere the analysis does not see.

Release the old value first.`,
    example: { before: "result = NULL;", after: "Py_CLEAR(result);" },
  },
  {
    id: "reference-replaced",
    title: "A reference is replaced in place",
    text: `The call works on a variable through its address or name and changes reference counts on the way: Py_SETREF of a local variable, or a private macro of that kind. HPy has no call that replaces a handle.

Write the release and the assignment as two statements.`,
    example: {
      before: "Py_SETREF(text, joined);",
      after: "Py_DECREF(text);\ntext = joined;",
    },
  },
  {
    id: "rewrite-not-parsed",
    title: "The rewritten function could not be read again",
    text: `Every rewritten function is parsed afresh before it is accepted. This one did not parse, which is a defect of the tool; the function stays as it was. Please report it with the function, if you can.`,
  },
  {
    id: "rewrite-not-proved",
    title: "The rewritten function could not be proved",
    text: `Every rewritten function is checked by the handle checker, which shares no code with the analysis that planned it. It found a path on which a handle is not closed, closed twice or used afterwards, or did not understand the code; the function stays as it was. The message names the finding.

If the original keeps its references in order, please report it with the function.`,
  },
  {
    id: "shadowed-variable",
    title: "A variable is declared twice",
    text: `Two variables of the same name and different types, or with overlapping scopes, hold references in one function. The analysis tells variables by their names. One of them gets another name where the function moves, unless a macro or a part that the parser does not show may name it too.

Rename one of them.`,
  },
  {
    id: "skip-comment",
    title: "A comment keeps it legacy",
    text: `The comment \`/* hpy-migrate: skip: reason */\` stands right before the function or type. Its sites are counted as suppressed.

Remove the comment to migrate it.`,
  },
  {
    id: "slot-missing-in-hpy",
    title: "HPy has no such slot",
    text: `HPy 0.9 has the slots of numbers, sequences and mappings, and of the type itself \`tp_new\`, \`tp_init\`, \`tp_call\`, \`tp_hash\`, \`tp_repr\`, \`tp_str\`, \`tp_richcompare\`, \`tp_traverse\` and \`tp_finalize\`. It lacks those of iterators, attribute access, descriptors, asynchronous objects and memory management.

The function stays in \`legacy_slots\`, which works under the hybrid ABI as long as the type has the legacy shape.`,
  },
  {
    id: "slot-signature",
    title: "The function has another signature than its slot",
    text: `A slot, getter or setter is filled through a cast with a function that is declared with other parameters or another result than CPython calls it with. HPy declares the function itself, with the signature of the slot, and that would contradict the definition.

Give the function the parameters and the result of the slot.`,
    example: {
      before: "static int\nPoint_length(PointObject *self)\n...\n{Py_sq_length, (lenfunc)Point_length},",
      after: "static Py_ssize_t\nPoint_length(PointObject *self)",
    },
  },
  {
    id: "slot-stays-legacy",
    title: "A slot works as a legacy slot only",
    text: `HPy has a slot of this name, but it does not do for this type what the legacy slot does. \`HPy_tp_traverse\` visits fields that are HPyFields only. \`HPy_tp_call\` reaches only objects that HPy itself has allocated: not those of a legacy constructor, and not those of Python subclasses. The slots of the buffer protocol fill another struct, of which HPy hands a copy on: the shape that \`PyBuffer_FillInfo\` sets points into the struct itself, and would point to memory that is gone.

The function stays in \`legacy_slots\`, where it works under the hybrid ABI.`,
  },
  {
    id: "stolen-on-some-paths",
    title: "A parameter is taken over on some paths only",
    text: `The function releases or gives away the reference that its caller passed on one path and leaves it to the caller on another. A caller could not know whether to close its handle.

Let the function always borrow its parameter, and take a reference where it keeps it.`,
  },
  {
    id: "struct-sequence",
    title: "A type is a struct sequence",
    text: `PyStructSequence_InitType fills a static type at run time. HPyStructSequence_NewType makes a new type instead, which in the hybrid ABI is a named tuple with another repr, so the two cannot be swapped without a change that Python code sees.

The type stays a static one; the functions that use it can move all the same.`,
  },
  {
    id: "struct-view-in-declaration",
    title: "A declaration reads fields of a variable that it declares",
    text: `One declaration declares a pointer to an object struct and another variable that is read from its fields. The pointer becomes a handle and a view, which are two declarations, and the second variable would stand between them.

Give each variable a declaration of its own.`,
  },
  {
    id: "struct-view-in-loop-head",
    title: "A pointer to an object struct is declared in the head of a loop",
    text: `The head of a \`for\` declares a pointer to an object struct that is used as an object too. It becomes a handle and a view, which have different types and cannot share that declaration.

Declare the variable before the loop.`,
  },
  {
    id: "struct-view-of-null",
    title: "The struct of a missing object is handed on",
    text: `An expression that may be NULL is given to plain C code as a pointer to a struct. HPy cannot look into a handle that is HPy_NULL, and the expression cannot be evaluated twice to test it.

Put the object into a variable first.`,
  },
  {
    id: "struct-view-out-parameter",
    title: "A pointer to an object struct is set through its address",
    text: `The address of a pointer to an object struct is given to a call that is not the condition of an \`if\`. The view of the struct must be taken right after the call has succeeded, and there is no place for that.

Call the function in the condition of an \`if\` that returns when it fails.`,
  },
  {
    id: "struct-without-name",
    title: "An object struct has no typedef name",
    text: `The fields of an object struct are used that is only known as \`struct tag\`. HPyType_LEGACY_HELPERS, which defines the function that turns a handle into a pointer to the struct, needs a name of one word, and the tag cannot become that name: something else in the sources is called the same.

Give the struct a typedef.`,
  },
  {
    id: "table-used-elsewhere",
    title: "Other code reads the legacy table",
    text: `A table of methods, getsets, members or slots is named by other code than the module or the type that it belongs to: it is searched, counted, or given to the C API. The code would miss entries that have moved out of the table.

Let the code use a table of its own.`,
  },
  {
    id: "temporary-in-loop-condition",
    title: "A loop condition makes handles",
    text: `The condition of a loop contains a call whose result is a handle. It is made each time that the condition is evaluated, and there is no place inside the expression to close it.

Move the call into the body of the loop.`,
    example: {
      before: "while (PyList_GET_ITEM(list, i) != Py_None) i++;",
      after: "for (;;) {\n    PyObject *item = PyList_GET_ITEM(list, i);\n    if (item == Py_None) break;\n    i++;\n}",
    },
  },
  {
    id: "too-complex",
    title: "The function is too complex to prove",
    text: `The paths through the function combine to more different states of its references than the analysis follows, or the states do not settle.

Split the function.`,
  },
  {
    id: "tracked-by-hand",
    title: "An object is tracked that the function has not made",
    text: `HPy_New has the garbage collector track each new object, and HPy has no call for it. PyObject_GC_Track is dropped only where the object is one that the same function has made, so that it is known to be tracked.

Make and track the object in one function.`,
  },
  {
    id: "traversed-too-early",
    title: "A new object would be traversed before it is complete",
    text: `PyObject_GC_New leaves an object untracked until PyObject_GC_Track is called. HPy_New has the garbage collector track it at once, with all fields zero, and a tp_traverse that follows a pointer in the struct could then crash.

Test the pointer in tp_traverse, and make the object with the type's allocator (tp_alloc), which tracks at once too.`,
  },
  {
    id: "type-address-constant",
    title: "A constant initialiser needs the address of a type",
    text: `A table at file scope, a static local or a static object holds \`&T\`. Once the type is created at run time, its address is no constant any more.

Fill the table at run time, in the init function.`,
    example: {
      before: "static PyTypeObject *types[] = {&Point_Type, &Line_Type};",
      after: "static PyTypeObject *types[2];\n...\ntypes[0] = &Point_Type;\ntypes[1] = &Line_Type;",
    },
  },
  {
    id: "type-base",
    title: "The base of a type is not known when the type is created",
    text: `Types are created at the start of the module's exec function. A base that the module imports, makes or completes later is not there yet. Built-in types, exceptions and the extension's own types can be bases.`,
  },
  {
    id: "type-bound-to-static",
    title: "A type stays with another that stays static",
    text: `CPython wants the bases of a static type to be static too, and a deallocator or traverse function that a static type shares with a heap type cannot release the type for one and not for the other. The refusal of the other type says what to change.`,
  },
  {
    id: "type-deallocator",
    title: "A deallocator is not understood",
    text: `A type that is created at run time owns a reference in each of its objects, which the deallocator must release after it has freed the object. Here no call is found that frees the object (tp_free, PyObject_Del, PyObject_GC_Del, or the deallocator of the base), or there is no plain function at all.`,
    example: {
      before: "static void Point_dealloc(PyObject *self) { release(self); }",
      after: "static void Point_dealloc(PyObject *self) { Py_TYPE(self)->tp_free(self); }",
    },
  },
  {
    id: "type-in-several-modules",
    title: "The source of a type belongs to several modules",
    text: `Each of the modules has its own copy of the static type. Which of them would create it, and when, depends on the module that is built.

Give each module a source of its own for its types.`,
  },
  {
    id: "type-in-several-units",
    title: "A type is defined in a header that several sources include",
    text: `Each source has its own copy of the static type, which no single exec function can create.

Define the type in one source and declare it \`extern\` in the header.`,
  },
  {
    id: "type-initialiser",
    title: "The initialiser of a type is not understood",
    text: `A part of the initialiser of a PyTypeObject, or of a table that it points to, is no plain list of values: the head comes from a macro, several variables are declared at once, or fields of the table are assigned elsewhere.

Write the initialiser with PyVarObject_HEAD_INIT and one value per field.`,
  },
  {
    id: "type-keeps-head",
    title: "The type keeps PyObject_HEAD",
    text: `The type is made from an HPyType_Spec, but its struct still begins with \`PyObject_HEAD\`, so that it builds for the hybrid and the cpython ABI only. The message says what stands in the way: legacy slots that HPy 0.9 has no counterpart for, references in the struct, a base type, objects of different sizes, or code that reaches objects without a handle.

A type with \`Py_TPFLAGS_BASETYPE\` keeps the head as well: in HPy 0.9, instances of Python classes that derive from a type laid out by HPy get a wrong pointer from \`HPy_New\`. If nobody subclasses the type, drop the flag, and the next run takes the head out.`,
  },
  {
    id: "type-metatype",
    title: "A type has a metatype of its own",
    text: `HPy 0.9 takes metatypes without a tp_new of their own only, and before Python 3.12 copies a finished type into a new object for them. The type stays static.`,
  },
  {
    id: "type-name",
    title: "The name of a type is no literal",
    text: `An HPyType_Spec needs the name as a constant, and the tool must know whether a module is part of it.

Give tp_name as a string literal, macros of the project included.`,
  },
  {
    id: "type-set-up-at-run-time",
    title: "A type is completed by code that a specification cannot replace",
    text: `A field of the type is assigned under a condition, in an expression, with a value that is only known at run time, or it is one that only the runtime should fill (tp_dict, tp_mro, tp_bases, ...).

Put the value into the initialiser, or assign it unconditionally before PyType_Ready.`,
    example: {
      before: "if (fast) Point_Type.tp_getattro = Point_getattro;",
      after: "static PyTypeObject Point_Type = { ..., .tp_getattro = Point_getattro };",
    },
  },
  {
    id: "type-used-as-value",
    title: "A type object is used as a whole",
    text: `The name of a static type stands where neither its address nor one of its fields is taken: in \`sizeof\`, as an argument of a macro that adds the \`&\`, or pasted with \`##\`. The variable becomes a pointer, so this use would change its meaning.

Write \`&T\` where the type is meant.`,
    example: {
      before: "ADD_TYPE(m, Point_Type);",
      after: "add_type(m, &Point_Type);",
    },
  },
  {
    id: "type-without-exec",
    title: "The exec function of a module is not found",
    text: `Types are created in the function of the slot HPy_mod_exec of the module, defined with HPyDef_SLOT in the source of HPy_MODINIT. There is none here.`,
  },
  {
    id: "unknown-api",
    title: "An unknown function of the C API",
    text: `The name begins like one of the C API, but the tables do not know it: it is private, from another release of Python, or defined elsewhere.

Use a documented call.`,
  },
  {
    id: "unknown-function",
    title: "A function outside of the project takes references",
    text: `The callee is not defined in the files of the project and is given a reference. What it does with it is not known, and it expects a \`PyObject *\`.

If it is part of the project, include its source; otherwise call it from a helper that stays legacy.`,
  },
  {
    id: "unknown-reference",
    title: "It cannot be told what a reference refers to",
    text: `A reference is counted, released, returned or used, and its origin is not a call, parameter or variable that the analysis knows.

Put the object into a local variable where it is made.`,
  },
  {
    id: "unpaired-incref",
    title: "A Py_INCREF has no counterpart",
    text: `A reference is added that no path gives to somebody: not returned, stored, stolen or released. HPy has no count to raise; every handle has one owner that closes it. The original may leak here, or hand the reference to memory that the analysis does not see.

Remove the Py_INCREF, or let the new reference go somewhere visible.`,
  },
  {
    id: "unparsed",
    title: "The parser does not understand the code",
    text: `A macro that looks like no C, a missing brace of an \`#if\` branch, or an extension of the language makes the text of the function unreadable. It is never guessed at.

The message gives the reason. Macros that the project defines are understood when they expand to whole statements or expressions.`,
  },
  {
    id: "unused-argument-used",
    title: "The argument of a METH_NOARGS function is used",
    text: `A METH_NOARGS function names its second parameter in its body. Python always passes NULL there and HPy passes nothing, so that the name would be gone.

Leave the parameter out of the body, or mark it with \`Py_UNUSED\` in the parameter list.`,
  },
  {
    id: "used-after-release",
    title: "A reference is used after it was released",
    text: `A path uses the variable after Py_DECREF, or after a call took over its reference. That the object still lives depends on somebody else's reference; a handle that is closed is gone at once.

Release the reference after its last use.`,
    example: { before: "Py_DECREF(item);\nuse(item);", after: "use(item);\nPy_DECREF(item);" },
  },
  {
    id: "used-uninitialised",
    title: "A variable may be used before it has a value",
    text: `A path reaches a use of the variable without an assignment before it.

Initialise the variable with NULL.`,
  },
  {
    id: "value-built-in-condition",
    title: "A value is built inside an expression",
    text: `A call with a format becomes several HPy calls whose temporaries must be closed, and it stands inside a larger expression where there is no place for statements.

Put the call into a statement of its own.`,
    example: {
      before: 'if (PyList_Append(list, Py_BuildValue("y", text)) < 0) ...',
      after: 'PyObject *item = Py_BuildValue("y", text);\nif (PyList_Append(list, item) < 0) ...',
    },
  },
  {
    id: "variable-attribute",
    title: "A variable with a cleanup function",
    text: `A local variable has the attribute \`cleanup\`: the compiler calls a function with its address wherever its scope is left. The calls are not written in the source, so the analysis does not see what they release.

Release the variable at the end of the function, with a label for the error paths.`,
  },
  {
    id: "variable-size-object",
    title: "An object with a variable number of items",
    text: `The object is allocated with items at its end. HPy_New makes objects of the size that their type gives; HPy 0.9 has no objects of variable size.

Keep the items in memory of their own.`,
  },
  {
    id: "variadic-function",
    title: "A function with a variable number of arguments",
    text: `The function takes \`...\`. Which of the arguments are references is known only to its callers.

Give it fixed parameters, or an array and a length.`,
  },
  {
    id: "verification-failed",
    title: "The step was made, and failed its verification",
    text: `\`apply --verify\` built the project with this step and ran its tests, and something that was in order before was not any more: it did not compile, a test failed, the interpreter crashed or hung, or handles leaked. The step was dropped, what it would have moved stays legacy, and the rest of the series was planned again without it. The message holds the first lines of the evidence.

Look at the step with \`hpy-migrate diff --step ID\` and at the evidence with \`hpy-migrate verify\`. Where the rewritten code is wrong, please report it; where the original relies on something that a step may change, such as the text of an error, the test can be made less strict.`,
  },
];
