/**
 * Colors go by the names of the page (`--r2fa-accent` and so on), so that one theme does for both. Light or dark is as
 * the document says by its `color-scheme`.
 */
export const STYLE = `\
:host{display:contents}\
dialog{--a:var(--r2fa-accent,light-dark(#1f4fd1,#8fb1ff));width:24rem;background:var(--r2fa-surface,Canvas);\
color:var(--r2fa-text,CanvasText);font:1rem/1.5 var(--r2fa-font,system-ui);overflow-wrap:anywhere}\
::backdrop{background:#0008}\
dialog,[role],dl,input,button{padding:.75rem;border:1px solid gray;border-radius:var(--r2fa-radius,12px)}\
form,label{display:grid;gap:.75rem}\
form{margin:.75rem}\
form *{margin:0}\
dd,b{display:block;font-weight:600}\
[role=alert]{color:var(--r2fa-danger,light-dark(#b3231a,#ff9c92))}\
input,button{background:none;color:inherit;font:inherit}\
input{min-width:0;font-size:1.5rem;text-align:center}\
button:first-of-type{background:var(--a);color:var(--r2fa-accent-text,light-dark(#fff,#000))}\
button:last-child{border:0;color:var(--a)}\
:disabled{opacity:.6}\
`;
