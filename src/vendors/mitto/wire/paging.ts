/** A page that was asked for, numbered from 0. */
export interface PageAsked {
  readonly page: number;
  readonly pageSize: number;
}

/** Positions of the first and the last row, from 0; of an empty page the last lies before the first. */
function positions({ page, pageSize }: PageAsked, total: number, count: number) {
  const start = page * pageSize;
  return { pages: Math.ceil(total / pageSize), start, end: start + count - 1 };
}

/** An address with its query in the order given, what is undefined left out. */
export function addressOf(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
  return text === "" ? path : `${path}?${text}`;
}

type Filters = Readonly<Record<string, string | undefined>>;

/** The page of a search, in snake case; `filters` follow page and size in every address. */
export function recordPage(path: string, asked: PageAsked, total: number, rows: readonly object[], filters: Filters) {
  const { page, pageSize } = asked;
  const { pages, start, end } = positions(asked, total, rows.length);
  const at = (number: number): string => addressOf(path, { pageSize, page: number, ...filters });
  return {
    page,
    num_pages: pages,
    page_size: pageSize,
    total,
    start,
    end,
    uri: path,
    first_page_uri: at(0),
    previous_page_uri: page > 0 ? at(page - 1) : null,
    next_page_uri: page + 1 < pages ? at(page + 1) : null,
    twoFaOtpSdrs: rows,
  };
}

/** The page of limits or workflows, in camel case, with addresses for the pages around it only where they exist. */
export function definitionPage(
  path: string,
  asked: PageAsked,
  total: number,
  rows: readonly object[],
  filters: Filters,
) {
  const { page, pageSize } = asked;
  const { pages, start, end } = positions(asked, total, rows.length);
  const at = (number: number): string => addressOf(path, { pageSize, page: number, ...filters });
  return {
    result: rows,
    pageSize,
    total,
    page,
    numPages: pages,
    start,
    end,
    firstPageUri: at(0),
    uri: at(page),
    ...(page > 0 ? { previousPageUri: at(page - 1) } : {}),
    ...(page + 1 < pages ? { nextPageUri: at(page + 1) } : {}),
  };
}
