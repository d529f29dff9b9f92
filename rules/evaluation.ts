import { defineRules, direct } from "./define-rules.ts";

/** Compiling and running Python code, builtins, context variables. */
export const evaluationRules = defineRules("evaluation", [
  {
    id: "compile-string",
    template: "hpyx_compile($ctx, $0, $1, $2)",
    summary: "A code object from Python source.",
    why: "HPy_Compile_s numbers the kinds of source differently; the support function translates (hpy.h).",
    example: "Py_CompileString(text, text, Py_eval_input)",
  },
  direct(
    "context-var-get",
    "PyContextVar_Get(object, NULL, &result)",
    "HPyContextVar_Get",
    "The value of a context variable.",
    {
      why: "The same call; the handle that it stores is new (hpy/devel/src/runtime/ctx_contextvar.c).",
    },
  ),
  direct("context-var-new", "PyContextVar_New(text, NULL)", "HPyContextVar_New", "A new context variable."),
  direct(
    "context-var-set",
    "PyContextVar_Set(object, value)",
    "HPyContextVar_Set",
    "A context variable set; the result is a token.",
  ),
  direct("eval-code", "PyEval_EvalCode(object, globals, locals)", "HPy_EvalCode", "A code object run."),
  {
    id: "eval-get-builtins",
    template: "HPy_Dup($ctx, $ctx->h_Builtins)",
    note: "It is the dict of the interpreter, also where the running frame has builtins of its own.",
    summary: "The builtins, as a dict.",
    why: "The context has a handle for them; the copy makes the result one to close, like every other.",
    example: "PyEval_GetBuiltins()",
  },
  {
    id: "run-string",
    template: "hpyx_run_string($ctx, $0, $1, $2, $3)",
    summary: "Python source compiled and run.",
    why: "HPy has the two parts, HPy_Compile_s and HPy_EvalCode, of which the C API is made too.",
    example: "PyRun_String(text, Py_eval_input, globals, locals)",
  },
]);
