/** `npm run setup`: makes the Python environment of the tests when it is missing, and says where it is. */
import { PythonEnvironmentError, pythonEnvironment } from "../verify/python-environment.ts";

try {
  const environment = pythonEnvironment();
  process.stdout.write(`Python ${environment.version} with HPy: ${environment.python}\n`);
} catch (error) {
  if (!(error instanceof PythonEnvironmentError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
