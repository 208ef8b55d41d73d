/** Writes a plain decimal for people, thousands apart: `"18059974.5"` is `"18,059,974.5"`. Digits behind the point stay as they are. */
export function groupedText(plainDecimal: string): string {
  const [whole = '', fraction] = plainDecimal.split('.');
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
