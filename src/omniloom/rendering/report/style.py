"""How the page looks: by the system's own light or dark, on paper, and on a telephone."""

STYLE = """
:root{color-scheme:light dark;--ink:#1d1d21;--paper:#fff;--line:#d9d9e0;--soft:#5f5f69;--card:#f6f6f9;--mark:#ffe98a;
--marked:#1d1d21;--link:#a8470a;--bad:#a3261b;--a:#0b62b0;--b:#b4500a;--c:#1a7a45;--d:#7a3fb0}
@media(prefers-color-scheme:dark){:root{--ink:#ececf1;--paper:#17171b;--line:#3a3a43;--soft:#a5a5b1;--card:#202026;
--mark:#6b5600;--marked:#fff;--link:#ffa463;--bad:#ff8a80;--a:#6cb2ff;--b:#ffa860;--c:#6fd39b;--d:#cda2f5}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:68rem;margin:0 auto;
padding:1rem 1rem 4rem;overflow-wrap:anywhere}
h1{font-size:1.7rem;margin:1rem 0 .5rem}h2{font-size:1.35rem;margin:2.5rem 0 .5rem;border-top:1px solid var(--line);
padding-top:1.2rem}h3{font-size:1.1rem;margin:1.8rem 0 .4rem}h4{font-size:1rem;margin:1rem 0 .3rem}
a{color:var(--link)}.soft{color:var(--soft);font-size:.88rem}.bad{color:var(--bad)}
.skip{position:absolute;left:-99rem}.skip:focus{position:static}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.wide{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;margin:.5rem 0;font-size:.93rem;overflow-wrap:normal}
caption{text-align:left;color:var(--soft);font-size:.88rem;padding-bottom:.3rem}
th,td{border-bottom:1px solid var(--line);padding:.3rem .7rem .3rem 0;text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}
.sheet td,.sheet th{border:1px solid var(--line);padding:.2rem .5rem}
mark,td.mark{background:var(--mark);color:var(--marked)}mark{border-radius:3px;padding:0 .1em}
figure{margin:1rem 0;display:inline-block;vertical-align:top;max-width:100%}
figure svg{max-width:100%;height:auto;display:block}figcaption{font-size:.88rem;color:var(--soft);max-width:30rem}
details{border:1px solid var(--line);border-radius:8px;margin:.4rem 0;background:var(--paper)}
summary{cursor:pointer;padding:.45rem .7rem}details>:not(summary){margin-left:.8rem;margin-right:.8rem}
details.kind{background:var(--card)}details.kind>summary{font-weight:600}details.plain{border:0;background:none}
details.plain>summary{padding:.2rem 0;color:var(--link)}details.plain>:not(summary){margin-left:0;margin-right:0}
.count{display:inline-block;min-width:2.2em;text-align:center;background:var(--line);border-radius:1em;font-size:.85rem;
margin-right:.4em;font-weight:400}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1rem;margin:.6rem 0}
dt{color:var(--soft)}dd{margin:0;white-space:pre-wrap}
.sides{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:1rem;margin-bottom:.8rem}
.place{border-left:3px solid var(--line);padding-left:.7rem;margin:.6rem 0}
.place p{margin:.2rem 0;white-space:pre-wrap}.place img{max-width:100%;border-radius:4px;display:block}
pre,code{font:.82rem/1.45 ui-monospace,Menlo,Consolas,monospace}
pre{background:var(--card);padding:.6rem;overflow-x:auto;border-radius:6px;overflow-wrap:normal}
code{background:var(--card);border-radius:4px;padding:.1em .3em;overflow-wrap:anywhere}
@media(max-width:42rem){.sides{grid-template-columns:1fr}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}
th,td{padding-right:.5rem}}
"""
