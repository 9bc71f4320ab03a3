export { binarySize } from '../core/figures';
