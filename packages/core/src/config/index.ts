/** The chain file: reading, checking, and the forms of its texts that others need too. */
export { readChainText, ChainDocument } from './chain-document.js';
export { checkKeysPresent } from './check-keys-present.js';
export { FormError } from './form-error.js';
export { formatHostPort, isWildcard } from './host-port.js';
export { formatLegAddress, parseAddress, parseListen } from './leg-address.js';
export { loadChain, type LoadedChain, type LoadOptions } from './load-chain.js';
export { isName, nameFault } from './name.js';
export { didYouMean, nearest } from './nearest.js';
export { CHAIN_VERSION, parseChain, parseDocument, pluginSpecifiers } from './parse-chain.js';
export { formatProxyUrl, parseProxyUrl } from './proxy-url.js';
export { parsePublicKey } from './public-key.js';
export { formatRoute } from './route.js';
export { hasReference, resolveSecrets, type SecretSources } from './secret.js';
export { formatServiceAddress, parseServiceAddress, parseServiceListen, serviceAddressSchema, serviceListenSchema, type ServiceAddressOption } from './service-address.js';
export { decodeSource } from './source.js';
export { textForm } from './text-form.js';
export { trialChain, type TrialOptions } from './trial-chain.js';
