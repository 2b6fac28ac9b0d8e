/**
 * Messages and stack traces of failures move into an encoded attribute, which the codec then encrypts; left
 * alone they stand in every history as plain text. CommonJS, because the SDK loads this path with require()
 * in the client and the worker, and webpack bundles the same file into the workflow sandbox.
 */
const { DefaultFailureConverter } = require('@temporalio/common');

exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
