/**
 * Colors go by the names of the page (`--r2fa-accent` and so on), so that one theme does for both. Light or dark is as
 * the document says by its `color-scheme`.
 */
export const STYLE = `
:host{display:contents}
dialog{--a:var(--r2fa-accent,light-dark(#1f4fd1,#8fb1ff));--r:var(--r2fa-radius,12px);
--l:#8886;box-sizing:border-box;width:min(100% - 2rem,25rem);padding:1.5rem;
border:1px solid var(--l);border-radius:calc(var(--r)*1.5);background:var(--r2fa-surface,light-dark(#fff,#171a20));
color:var(--r2fa-text,light-dark(#14171c,#eceef3));font:1rem/1.5 var(--r2fa-font,system-ui);overflow-wrap:anywhere}
::backdrop{background:#0008}
h2{margin:0 0 .5rem}
p{margin:1rem 0 0}
[hidden],:empty:not(input),p:only-child{display:none}
[role]{margin:1rem 0;padding:.75rem;border:1px solid;border-radius:var(--r)}
[role]:has(b){color:var(--r2fa-danger,light-dark(#b3231a,#ff9c92))}
b{display:block}
input,button{box-sizing:border-box;width:100%;min-height:3rem;margin-top:.5rem;border:1px solid #0000;
border-radius:var(--r);background:none;color:var(--a);font:inherit;font-weight:600}
input{border-color:#7f8794;color:inherit;font-size:1.75rem;text-align:center;letter-spacing:.15em}
[value=verify],[hidden]+button{margin-top:1rem;background:var(--a);color:var(--r2fa-accent-text,light-dark(#fff,#0a1737))}
p~button{border-color:var(--l);color:inherit}
:disabled{opacity:.6}
:focus-visible{outline:3px solid var(--a);outline-offset:2px}
`;
