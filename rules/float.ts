import { defineRules, direct } from "./define-rules.ts";

/** `PyFloat_*` and `PyComplex_*`. */
export const floatRules = defineRules("float", [
  {
    id: "complex-from-doubles",
    template: "hpyx_complex_from_doubles($ctx, $0, $1)",
    summary: "A complex number from two C doubles.",
    why: "HPy has the complex type only as a context handle; the support function calls it with two floats.",
    example: "PyComplex_FromDoubles(real, imaginary)",
  },
  {
    id: "complex-imag-as-double",
    template: 'hpyx_complex_part($ctx, $0, "imag")',
    note: "A subclass of complex that overrides `imag` is asked for it.",
    summary: "The imaginary part as a C double; 0.0 for what is not complex.",
    why: "HPy has no call that reads a complex number; the attribute `imag` holds the same double.",
    example: "PyComplex_ImagAsDouble(object)",
  },
  {
    id: "complex-real-as-double",
    template: 'hpyx_complex_part($ctx, $0, "real")',
    note: "A subclass of complex that overrides `real` is asked for it.",
    summary: "The real part as a C double; what is not complex converts like PyFloat_AsDouble.",
    why: "HPy has no call that reads a complex number; the attribute `real` holds the same double.",
    example: "PyComplex_RealAsDouble(object)",
  },
  direct("float-as-double", "PyFloat_AsDouble(object)", "HPyFloat_AsDouble", "A number as a C double."),
  direct("float-as-double-unchecked", "PyFloat_AS_DOUBLE(object)", "HPyFloat_AsDouble", "The C double of a float.", {
    why: "HPy has only the checked call; for a float, which the macro requires, it reads the same field.",
  }),
  direct("float-from-double", "PyFloat_FromDouble(real)", "HPyFloat_FromDouble", "A float from a C double."),
  direct("float-from-string", "PyFloat_FromString(object)", "HPy_Float", "A float from text.", {
    safety: "review",
    note: "HPy_Float takes numbers too, where PyFloat_FromString raises TypeError.",
    why: "PyNumber_Float calls PyFloat_FromString for str and bytes (Objects/abstract.c).",
  }),
]);
