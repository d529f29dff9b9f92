import type { ArgumentOwnership, CapiFunction } from "../model/api/capi.ts";
import { CAPI_FUNCTIONS, isObjectPointer } from "../model/api/capi-table.ts";
import { HANDLED } from "./handled.ts";
import type { RuleTable, Unmapped } from "./rule.ts";

/** Why functions have no rule. An entry that ends in `*` is a prefix; the longest entry that fits a name decides. */
interface UnmappedFamily {
  /** Left out where the signature decides: with objects `bridge`, without `stays`. */
  readonly answer?: Unmapped["answer"];
  readonly reason: string;
  readonly names: readonly string[];
}

const FAMILIES: readonly UnmappedFamily[] = [
  {
    reason:
      "HPy 0.9 has no saved error state: an exception can be set, tested and cleared, but not taken away and restored.",
    names: [
      "PyErr_Fetch",
      "PyErr_GetExcInfo",
      "PyErr_GetHandledException",
      "PyErr_GetRaisedException",
      "PyErr_NormalizeException",
      "PyErr_Restore",
      "PyErr_SetExcInfo",
      "PyErr_SetHandledException",
      "PyErr_SetRaisedException",
      "_PyErr_ChainExceptions",
      "_PyErr_StackItemToExcInfoTuple",
    ],
  },
  {
    answer: "refuse",
    reason: "HPy 0.9 has no call for foreign threads: a context belongs to the call that received it.",
    names: [
      "PyGILState_*",
      "PyThreadState_*",
      "_PyThreadState_*",
      "_PyGILState_*",
      "PyInterpreterState_*",
      "_PyInterpreterState_*",
      "Py_NewInterpreter",
      "Py_EndInterpreter",
    ],
  },
  {
    answer: "refuse",
    reason: "HPy 0.9 takes the interpreter's lock only where HPy_LeavePythonExecution has released it.",
    names: ["PyEval_AcquireLock", "PyEval_AcquireThread", "PyEval_ReleaseLock", "PyEval_ReleaseThread"],
  },
  {
    answer: "refuse",
    reason: "HPy 0.9 shows no reference counts, so that they cannot decide anything.",
    names: [
      "Py_REFCNT",
      "Py_SET_REFCNT",
      "_Py_NewReference",
      "_Py_ForgetReference",
      "_Py_Dealloc",
      "_Py_RefTotal",
      "_Py_GetRefTotal",
      "_Py_NegativeRefcount",
      "PyUnstable_*",
    ],
  },
  {
    answer: "refuse",
    reason: "HPy 0.9 has no module state: a module keeps handles in HPyGlobal.",
    names: [
      "PyState_*",
      "PyModule_GetState",
      "PyModule_GetDef",
      "PyType_GetModule",
      "PyType_GetModuleByDef",
      "PyType_GetModuleState",
      "_PyType_GetModuleByDef",
    ],
  },
  {
    answer: "refuse",
    reason:
      "HPy 0.9 makes modules from an HPyModuleDef alone; a module that is made or filled by hand cannot be expressed.",
    names: [
      "PyModule_AddFunctions",
      "PyModule_AddType",
      "PyModule_ExecDef",
      "PyModule_FromDefAndSpec",
      "PyModule_FromDefAndSpec2",
      "PyModule_SetDocString",
      "Py_InitModule*",
    ],
  },
  {
    answer: "refuse",
    reason:
      "HPy 0.9 makes objects of a type only by HPy_New and tracks them itself; allocation, tracking and deallocation by hand belong to the type, which moves as a whole.",
    names: [
      "PyObject_GC_*",
      "_PyObject_GC_*",
      "PyObject_New",
      "PyObject_NewVar",
      "PyObject_NEW",
      "PyObject_NEW_VAR",
      "PyObject_Init",
      "PyObject_InitVar",
      "PyObject_INIT",
      "PyObject_INIT_VAR",
      "PyObject_Del",
      "PyObject_DEL",
      "_PyObject_New",
      "_PyObject_NewVar",
      "PyObject_CallFinalizer",
      "PyObject_CallFinalizerFromDealloc",
      "PyObject_ClearWeakRefs",
      "PyType_GenericAlloc",
      "PyType_GenericNew",
      "Py_SET_SIZE",
      "Py_SET_TYPE",
    ],
  },
  {
    answer: "refuse",
    reason: "HPy 0.9 makes types only from an HPyType_Spec when the module is executed, and hides their layout.",
    names: [
      "PyType_FromModuleAndSpec",
      "PyType_FromSpec",
      "PyType_FromSpecWithBases",
      "PyType_FromMetaclass",
      "PyType_GetSlot",
      "PyType_Ready",
      "PyStructSequence_*",
    ],
  },
  {
    answer: "refuse",
    reason: "HPy 0.9 has no frames.",
    names: ["PyFrame_*", "_PyFrame_*", "PyEval_EvalFrame*", "PyEval_GetFrame", "_PyEval_EvalFrame*"],
  },
  {
    answer: "refuse",
    reason: "HPy 0.9 shows no arrays of objects: a sequence is read item by item.",
    names: [
      "PySequence_Fast_ITEMS",
      "PyObject_Vectorcall*",
      "_PyObject_Vectorcall*",
      "PyVectorcall_*",
      "PyObject_VectorcallDict",
      "PyObject_VectorcallMethod",
      "_PyObject_FastCall*",
    ],
  },
  {
    reason: "In HPy 0.9 a str or bytes object cannot change: there is no call that replaces or resizes one in place.",
    names: [
      "PyUnicode_Append",
      "PyUnicode_AppendAndDel",
      "PyUnicode_InternInPlace",
      "PyUnicode_InternImmortal",
      "PyUnicode_Resize",
      "PyUnicode_New",
      "PyBytes_Concat",
      "PyBytes_ConcatAndDel",
      "_PyBytes_Resize",
      "_PyTuple_Resize",
    ],
  },
  {
    answer: "refuse",
    reason: "HPy 0.9 parses only the arguments of a call; va_list and private parsers have no counterpart.",
    names: [
      "PyArg_Parse",
      "PyArg_VaParse*",
      "PyArg_ValidateKeywordArguments",
      "_PyArg_*",
      "Py_VaBuildValue",
      "_Py_VaBuildValue*",
      "_Py_BuildValue*",
    ],
  },
  {
    answer: "refuse",
    reason: "HPy 0.9 has no output and no audit event with a format that may name objects.",
    names: [
      "PyErr_FormatUnraisable",
      "PySys_Audit",
      "PySys_FormatStderr",
      "PySys_FormatStdout",
      "_Py_FatalErrorFormat",
    ],
  },
  {
    answer: "bridge",
    reason: "HPy 0.9 sets an item only where there is one: HPy_SetItem_i crashes on the empty slots of a new list.",
    names: ["PyList_SetItem"],
  },
  {
    answer: "refuse",
    reason:
      "In HPy 0.9 a str cannot change. The C API writes into one only while a single reference exists, which a bridge cannot promise.",
    names: ["PyUnicode_CopyCharacters", "PyUnicode_Fill", "PyUnicode_WriteChar"],
  },
  {
    answer: "bridge",
    reason: "HPy 0.9 fills a list or tuple only through a builder.",
    names: ["PyList_SET_ITEM", "PyTuple_SET_ITEM"],
  },
  {
    reason: "HPy 0.9 has no iteration over a dict; keys are a snapshot there.",
    names: ["PyDict_Next", "_PyDict_Next"],
  },
  {
    reason: "HPy 0.9 has no API to consume a buffer.",
    names: [
      "PyBuffer_*",
      "PyObject_AsCharBuffer",
      "PyObject_AsReadBuffer",
      "PyObject_AsWriteBuffer",
      "PyObject_CheckBuffer",
      "PyObject_CheckReadBuffer",
      "PyObject_CopyData",
      "PyObject_GetBuffer",
      "PyMemoryView_*",
    ],
  },
  {
    reason: "HPy 0.9 hides how a str is stored.",
    names: [
      "PyUnicode_*",
      "_PyUnicode_*",
      "Py_UNICODE_*",
      "PyUnicodeDecodeError_*",
      "PyUnicodeEncodeError_*",
      "PyUnicodeTranslateError_*",
    ],
  },
  {
    reason: "HPy 0.9 has no datetime API.",
    names: [
      "PyDateTime_*",
      "PyDate_*",
      "PyTime_*",
      "PyDelta_*",
      "PyTZInfo_*",
      "PyTimeZone_*",
      "_PyTime_*",
      "_PyDeadline_*",
    ],
  },
  { reason: "HPy 0.9 has no bytearray API.", names: ["PyByteArray_*"] },
  { reason: "HPy 0.9 has no set API.", names: ["PySet_*", "_PySet_*", "PyFrozenSet_*", "PyAnySet_*"] },
  { reason: "HPy 0.9 has no weak references.", names: ["PyWeakref_*", "_PyWeakref_*"] },
  {
    reason: "HPy 0.9 has no functions, methods, cells or descriptors.",
    names: [
      "PyFunction_*",
      "PyMethod_*",
      "PyCFunction_*",
      "PyInstanceMethod_*",
      "PyClassMethod_*",
      "PyStaticMethod_*",
      "PyCell_*",
      "PyDescr_*",
      "PyWrapper_*",
      "PyDictProxy_*",
      "PyMember_*",
      "PyCMethod_*",
      "PyClass_*",
      "PyInstance_*",
    ],
  },
  {
    reason: "HPy 0.9 has no generators, coroutines or asynchronous iterators.",
    names: ["PyGen_*", "PyCoro_*", "PyAsyncGen_*", "PyAIter_*", "PyIter_Send", "_PyGen_*", "_PyCoro_*", "_PyAsyncGen*"],
  },
  {
    reason: "HPy 0.9 shows code objects only as something to run.",
    names: [
      "PyCode_*",
      "_PyCode_*",
      "PyEval_*",
      "_PyEval_*",
      "Py_Compile*",
      "PyRun_*",
      "PyAST_*",
      "PyParser_*",
      "PyNode_*",
      "PySymtable_*",
      "Py_Symtable*",
    ],
  },
  {
    reason: "HPy 0.9 has no files.",
    names: ["PyFile_*", "_PyFile_*", "Py_Universal*", "Py_fopen*", "_Py_fopen*", "_Py_wfopen*"],
  },
  { reason: "HPy 0.9 has no codec registry.", names: ["PyCodec_*", "_PyCodec*"] },
  { reason: "HPy 0.9 has no context API beyond context variables.", names: ["PyContext*", "_PyContext*"] },
  {
    reason: "HPy 0.9 hides how an int is stored and has no conversion with text or bytes.",
    names: ["PyLong_*", "_PyLong_*", "PyInt_*"],
  },
  { reason: "HPy 0.9 knows a complex number only as an object.", names: ["PyComplex_*", "_Py_c_*"] },
  { reason: "HPy 0.9 has no packing of floats and no access to their limits.", names: ["PyFloat_*", "_PyFloat_*"] },
  {
    reason: "HPy 0.9 has no call that prints, checks signals or warns with a format.",
    names: ["PyErr_*", "_PyErr_*", "PySignal_*"],
  },
  {
    reason: "HPy 0.9 shows exceptions only by their type and attributes.",
    names: ["PyException_*", "PyExceptionClass_*", "_PyException_*", "PyExceptionGroup_*"],
  },
  { reason: "HPy 0.9 imports by name only.", names: ["PyImport_*", "_PyImport_*"] },
  { reason: "HPy 0.9 has no access to sys.", names: ["PySys_*", "_PySys_*"] },
  { reason: "HPy 0.9 has no call for this on modules.", names: ["PyModule_*", "_PyModule_*"] },
  {
    reason: "HPy 0.9 hides types; only the name, the subtype relation and attributes can be asked for.",
    names: ["PyType_*", "_PyType_*", "Py_SIZE"],
  },
  { reason: "HPy 0.9 has no capsule destructors of this signature.", names: ["PyCapsule_*", "PyCObject_*"] },
  { reason: "HPy 0.9 has no ordered dict.", names: ["PyODict_*"] },
  { reason: "HPy 0.9 has no such call on dicts.", names: ["PyDict_*", "_PyDict*"] },
  { reason: "HPy 0.9 has no such call on lists.", names: ["PyList_*", "_PyList_*"] },
  { reason: "HPy 0.9 has no such call on tuples.", names: ["PyTuple_*", "_PyTuple_*"] },
  { reason: "HPy 0.9 has no such call on bytes.", names: ["PyBytes_*", "_PyBytes*", "PyString_*", "_PyString_*"] },
  {
    reason: "HPy 0.9 does not show which protocols a type fills.",
    names: ["PyMapping_*", "PySequence_*", "_PySequence_*"],
  },
  { reason: "HPy 0.9 has no such call on numbers.", names: ["PyNumber_*", "_PyNumber_*"] },
  { reason: "HPy 0.9 has no such call on objects.", names: ["PyObject_*", "_PyObject_*"] },
  { reason: "HPy 0.9 has no such call on slices.", names: ["PySlice_*", "_PySlice_*"] },
  {
    answer: "stays",
    reason: "HPy 0.9 has no memory allocator; this one holds C memory only.",
    names: [
      "PyMem_*",
      "_PyMem_*",
      "PyObject_Malloc",
      "PyObject_Calloc",
      "PyObject_Realloc",
      "PyObject_Free",
      "PyObject_MALLOC",
      "PyObject_REALLOC",
      "PyObject_FREE",
      "PyObject_GetArenaAllocator",
      "PyObject_SetArenaAllocator",
      "PyTraceMalloc_*",
    ],
  },
  {
    reason: "HPy 0.9 has no portability layer.",
    names: ["PyOS_*", "_PyOS_*", "Py_IS*", "Py_TO*", "Py_Get*", "Py_Set*", "_Py_*", "Py_*"],
  },
  {
    answer: "stays",
    reason: "HPy 0.9 has no locks; those of the C API hold no objects.",
    names: ["PyThread_*", "_PyThread_*", "PyMutex_*"],
  },
  {
    answer: "stays",
    reason:
      "HPy 0.9 releases the interpreter's lock by HPy_LeavePythonExecution, whose result no `PyThreadState *` can hold; these calls do the same and use no objects.",
    names: ["PyEval_SaveThread", "PyEval_RestoreThread"],
  },
  {
    answer: "stays",
    reason: "HPy 0.9 has no recursion check; it uses no objects.",
    names: ["Py_EnterRecursiveCall", "Py_LeaveRecursiveCall", "Py_ReprEnter", "Py_ReprLeave"],
  },
  { reason: "HPy 0.9 has no such call.", names: ["*"] },
];

/** The family entry that decides for each name or prefix. */
const ENTRIES: ReadonlyMap<string, UnmappedFamily> = new Map(
  FAMILIES.flatMap((family) => family.names.map((name): [string, UnmappedFamily] => [name, family])),
);

/** The answer for every function of the C API that has no rule and that no transform moves. */
export function unmappedFunctions(rules: RuleTable): Map<string, Unmapped> {
  const table = new Map<string, Unmapped>();
  for (const [name, facts] of CAPI_FUNCTIONS) {
    if (rules.has(name) || HANDLED.has(name)) continue;
    table.set(name, unmappedFunction(facts));
  }
  return table;
}

function unmappedFunction(facts: CapiFunction): Unmapped {
  const capi = facts.name;
  const { answer, reason } = familyOf(capi);
  if (answer === "refuse" || answer === "stays") return { capi, answer, reason };
  if (!usesObjects(facts)) return { capi, answer: "stays", reason };
  const obstacle = bridgeObstacle(facts);
  if (obstacle === null) return { capi, answer: "bridge", reason };
  return { capi, answer: "refuse", reason: `${reason} ${obstacle}, so that it cannot be bridged either.` };
}

function familyOf(name: string): UnmappedFamily {
  const exact = ENTRIES.get(name);
  if (exact !== undefined) return exact;
  for (let length = name.length; length >= 0; length--) {
    const family = ENTRIES.get(`${name.slice(0, length)}*`);
    if (family !== undefined) return family;
  }
  throw new RangeError(`no family takes ${name}`);
}

function typesOf(facts: CapiFunction): string[] {
  return [facts.result, ...facts.parameters.map((parameter) => parameter.type)];
}

function usesObjects(facts: CapiFunction): boolean {
  return (
    typesOf(facts).some((type) => isObjectPointer(type) || type.includes("PyObject")) ||
    facts.parameters.some(({ type, ownership }) => type !== "..." && ownership !== "plain")
  );
}

/** What a bridge would need besides single objects, as the start of a sentence; null when it needs nothing else. */
function bridgeObstacle(facts: CapiFunction): string | null {
  const types = typesOf(facts);
  if (types.some((type) => type === "..." || type.includes("va_list")))
    return "It takes a variable number of arguments";
  if (types.some((type) => type.includes("(*"))) return "It takes a function";
  if (facts.ownership.kind === "same") return "It returns one of its arguments";
  if (facts.parameters.some(({ ownership }) => ownership === "retains" || ownership === "releases")) {
    return "It changes reference counts";
  }
  if (facts.parameters.some(({ type, ownership }) => type.includes("PyObject") && !isBridged(type, ownership))) {
    return "It takes an array or struct of objects";
  }
  const isStruct = (type: string): boolean => isObjectPointer(type) && !PLAIN_OBJECTS.has(type);
  if (types.some(isStruct) || facts.parameters.some(({ type }) => type.includes("PyTypeObject **"))) {
    return "It works on the struct of an object";
  }
  return facts.result.includes("PyObject") && !PLAIN_OBJECTS.has(facts.result)
    ? "It answers an array of objects"
    : null;
}

/** Single objects, and variables that stay `PyObject *` because the C API stores into them. */
function isBridged(type: string, ownership: ArgumentOwnership): boolean {
  return PLAIN_OBJECTS.has(type) || (type === "PyObject **" && ownership !== "plain" && ownership !== "borrows");
}

/** Types that a bridge converts. */
const PLAIN_OBJECTS: ReadonlySet<string> = new Set([
  "PyObject *",
  "const PyObject *",
  "PyTypeObject *",
  "const PyTypeObject *",
]);
