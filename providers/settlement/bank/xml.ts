import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { SettlementFileError } from '../errors.ts';

/**
 * XML as statements need it: elements by name without their namespace's prefix, text as it stands, and the line
 * at which each begins. Entities other than the five of XML itself are not expanded, and a document type, which
 * could define some, is refused.
 */
const LISTS = new Set(['Stmt', 'Ntry', 'NtryDtls', 'TxDtls', 'Bal', 'Ustrd', 'Strd']);
const META = XMLParser.getMetaDataSymbol() as unknown as symbol;

export class XmlNode {
  readonly #value: unknown;
  readonly #document: XmlDocument;

  constructor(value: unknown, document: XmlDocument) {
    this.#value = value;
    this.#document = document;
  }

  get line(): number {
    const meta = isRecord(this.#value) ? this.#value[META] : undefined;
    const start = isRecord(meta) ? meta.startIndex : undefined;
    return this.#document.lineOf(typeof start === 'number' ? start : 0);
  }

  child(...path: readonly string[]): XmlNode | undefined {
    let value: unknown = this.#value;
    for (const name of path) {
      const within: unknown = Array.isArray(value) ? value[0] : value;
      value = isRecord(within) ? within[name] : undefined;
    }
    const found: unknown = Array.isArray(value) ? value[0] : value;
    return found === undefined ? undefined : new XmlNode(found, this.#document);
  }

  children(name: string): readonly XmlNode[] {
    const value = isRecord(this.#value) ? this.#value[name] : undefined;
    if (value === undefined) return [];
    return (Array.isArray(value) ? value : [value]).map((each) => new XmlNode(each, this.#document));
  }

  /** The text within, or undefined where it is empty or missing. */
  text(...path: readonly string[]): string | undefined {
    const found = this.child(...path);
    const value = found === undefined ? undefined : found.#value;
    const text = isRecord(value) ? value['#text'] : value;
    return typeof text === 'string' && text.trim() !== '' ? decode(text.trim()) : undefined;
  }

  attribute(name: string): string | undefined {
    const value = isRecord(this.#value) ? this.#value[`@${name}`] : undefined;
    return typeof value === 'string' ? decode(value) : undefined;
  }
}

class XmlDocument {
  readonly #newlines: number[] = [];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#newlines.push(at);
  }

  lineOf(offset: number): number {
    let [low, high] = [0, this.#newlines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#newlines[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  }
}

export function parseXml(text: string): XmlNode {
  const document = new XmlDocument(text);
  const type = /<!(DOCTYPE|ENTITY)/i.exec(text);
  if (type !== null) {
    throw new SettlementFileError('forbidden_xml', document.lineOf(type.index), 'there is a document type');
  }
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new SettlementFileError('bad_xml', valid.err.line, valid.err.msg);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseTagValue: false,
    parseAttributeValue: false,
    removeNSPrefix: true,
    processEntities: false,
    captureMetaData: true,
    isArray: (name) => LISTS.has(name),
  });
  try {
    return new XmlNode(parser.parse(text), document);
  } catch (error) {
    throw new SettlementFileError('bad_xml', 1, error instanceof Error ? error.message : String(error));
  }
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

function isRecord(value: unknown): value is Record<string | symbol, unknown> {
  return typeof value === 'object' && value !== null;
}
