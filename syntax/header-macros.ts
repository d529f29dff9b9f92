/**
 * How an invocation of a macro reads in the source, which decides how it is masked.
 *
 * - `attribute`: adds nothing that matters to the grammar (`static inline`, `__attribute__`, nothing at all).
 * - `attribute-call`: the same with arguments.
 * - `wrapper`: stands for its argument with attributes around it (`PyAPI_FUNC(int)`, `Py_UNUSED(x)`).
 * - `statement`: a whole statement, declaration or list of fields, so that no semicolon needs to follow.
 * - `loop` and `branch`: the head of a `for` or `while`, or of an `if`, that takes the statement behind it as its body.
 * - `item`: one or more elements of an initialiser, with the comma behind them.
 * - `string`: a string literal, to be concatenated with others.
 */
export type MacroRole =
  | "attribute"
  | "attribute-call"
  | "wrapper"
  | "statement"
  | "loop"
  | "branch"
  | "item"
  | "string";

function table(role: MacroRole, names: string): readonly (readonly [string, MacroRole])[] {
  return names.split(/\s+/).map((name) => [name, role] as const);
}

/**
 * Macros that projects use without defining them: those of the headers of CPython (Include/*.h, up to 3.13) and HPy, of
 * the compilers, of the C library and of the Windows SDK.
 */
export const HEADER_MACROS: ReadonlyMap<string, MacroRole> = new Map([
  ...table(
    "statement",
    `PyObject_HEAD PyObject_VAR_HEAD PyException_HEAD _PyObject_HEAD_EXTRA Py_BEGIN_ALLOW_THREADS
    Py_END_ALLOW_THREADS Py_BLOCK_THREADS Py_UNBLOCK_THREADS Py_TRASHCAN_BEGIN Py_TRASHCAN_END
    Py_TRASHCAN_SAFE_BEGIN Py_TRASHCAN_SAFE_END Py_TRASHCAN_BEGIN_CONDITION Py_BEGIN_CRITICAL_SECTION
    Py_BEGIN_CRITICAL_SECTION2 Py_END_CRITICAL_SECTION Py_END_CRITICAL_SECTION2 _Py_BEGIN_SUPPRESS_IPH
    _Py_END_SUPPRESS_IPH _Py_COMP_DIAG_PUSH _Py_COMP_DIAG_IGNORE_DEPR_DECLS _Py_COMP_DIAG_POP Py_RETURN_NONE
    Py_RETURN_TRUE Py_RETURN_FALSE Py_RETURN_NOTIMPLEMENTED HPy_BEGIN_LEAVE_PYTHON HPy_END_LEAVE_PYTHON
    HPyType_HELPERS HPyType_LEGACY_HELPERS HPyCapsule_DESTRUCTOR HPy_MODINIT HPyDef_METH HPyDef_METH_IMPL HPyDef_SLOT
    HPyDef_SLOT_IMPL HPyDef_MEMBER HPyDef_GET HPyDef_GET_IMPL HPyDef_SET HPyDef_SET_IMPL HPyDef_GETSET
    HPyDef_GETSET_IMPL HPyDef_CALL_FUNCTION`,
  ),
  ...table("wrapper", "PyAPI_FUNC PyAPI_DATA Py_LOCAL Py_LOCAL_INLINE DL_EXPORT DL_IMPORT Py_UNUSED"),
  ...table(
    "attribute-call",
    `Py_DEPRECATED Py_GCC_ATTRIBUTE Py_ALIGNED Py_FORMAT_PARSETUPLE _Py_NO_SANITIZE_UNDEFINED __attribute__
    __attribute __declspec _declspec __nonnull __THROWNL __printflike __scanflike`,
  ),
  ...table(
    "attribute",
    `Py_ALWAYS_INLINE Py_NO_INLINE Py_HOT_FUNCTION Py_EXPORTED_SYMBOL Py_IMPORTED_SYMBOL Py_LOCAL_SYMBOL
    _PyObject_EXTRA_INIT __stdcall __cdecl __fastcall __vectorcall __thiscall WINAPI WINAPIV CALLBACK APIENTRY NTAPI
    STDMETHODCALLTYPE _In_ _In_opt_ _In_z_ _Out_ _Out_opt_ _Inout_ _Inout_opt_ _Reserved_ __BEGIN_DECLS __END_DECLS
    __THROW __wur __vector`,
  ),
  ...table("item", "PyObject_HEAD_INIT PyVarObject_HEAD_INIT"),
  ...table(
    "string",
    `PRId8 PRId16 PRId32 PRId64 PRIdMAX PRIdPTR PRIi8 PRIi16 PRIi32 PRIi64 PRIiMAX PRIiPTR PRIu8 PRIu16 PRIu32 PRIu64
    PRIuMAX PRIuPTR PRIx8 PRIx16 PRIx32 PRIx64 PRIxMAX PRIxPTR PRIX8 PRIX16 PRIX32 PRIX64 PRIo32 PRIo64 SCNd8 SCNd16
    SCNd32 SCNd64 SCNu32 SCNu64 SCNx32 SCNx64 PY_FORMAT_SIZE_T PY_VERSION`,
  ),
]);

/** Words that no macro may be taken for: keywords of C and C++. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  `if else for while do switch case default return goto break continue sizeof static extern inline const volatile
  struct union enum typedef register auto void char short int long float double signed unsigned restrict _Bool bool
  class namespace template public private protected using new delete operator try catch throw this virtual friend
  typename constexpr noexcept explicit __inline __inline__ __restrict __restrict__ __volatile__ __const _Noreturn
  _Thread_local thread_local __thread __asm__ __asm asm _Alignof _Alignas alignof alignas _Atomic _Generic
  _Static_assert static_assert typeof __typeof__ __typeof decltype offsetof __extension__ nullptr override final
  mutable static_cast const_cast dynamic_cast reinterpret_cast`.split(/\s+/),
);

/** Keywords that begin or continue a type. */
export const TYPE_KEYWORDS: ReadonlySet<string> = new Set(
  "char int short long float double void unsigned signed struct union enum const volatile _Bool bool".split(" "),
);

/** Keywords that open a declaration and are no type. */
export const STORAGE_KEYWORDS: ReadonlySet<string> = new Set(
  "static extern inline typedef register __inline __inline__ virtual friend explicit constexpr template".split(" "),
);
