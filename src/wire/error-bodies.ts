/** True for a 2xx status. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

interface VendorError {
  code: string | null;
  message: string | null;
}

/**
 * Decodes an error body of Wise in any of its formats: `{error, error_description}`, `{errors: [{code, message,
 * path}]}`, `{timestamp, status, error, message, path}`, `{code, message}` or `{code, category, description}`. Codes
 * are unique only together with the request path.
 */
export function readVendorError(body: unknown): VendorError {
  if (!isRecord(body)) return { code: null, message: null };
  const [first] = Array.isArray(body.errors) ? body.errors : [];
  if (isRecord(first)) return { code: text(first.code), message: messageOf(body.errors) };
  return {
    code: text(body.code) ?? text(body.error),
    message: text(body.message) ?? text(body.error_description) ?? text(body.description),
  };
}

function messageOf(errors: unknown): string | null {
  const messages = (Array.isArray(errors) ? errors : []).flatMap((error) => {
    if (!isRecord(error)) return [];
    const [path, message] = [text(error.path), text(error.message)];
    return message ? [path ? `${path}: ${message}` : message] : [];
  });
  return messages.length > 0 ? messages.join('; ') : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
