/** How a report looks: no font, picture or script from anywhere. Texts have a contrast of 4.5, bars of 3, in both schemes. */
export const STYLE = `
:root{color-scheme:light dark;
--page:#f4f6f9;--paper:#fff;--ink:#17202b;--quiet:#546273;--line:#dbe1e8;--soft:#eef2f6;--accent:#1459b3;
--good:#176c3f;--good-soft:#e2f3e9;--bad:#b3261e;--bad-soft:#fce9e7;--warn:#8a5200;--warn-soft:#fdf0dc;--hatch:rgb(255 255 255/.5);
--s-placed:#7b8898;--s-requirements-fulfilled:#5b7ba6;--s-details-created:#6a5acd;--s-ready:#1b78c0;--s-in-progress:#b96d00;
--s-produced:#1f8a4f;--s-failed:#c5332b;--s-completed:#0d6e6e;--s-cancelled:#666d77;--s-returned:#87583f;--s-expired:#494e57;--s-unknown:#a1459a}
@media (prefers-color-scheme:dark){:root{
--page:#0d1117;--paper:#161c25;--ink:#e7ecf3;--quiet:#a0adbd;--line:#2b3542;--soft:#1e2631;--accent:#7db4ff;
--good:#62d196;--good-soft:#12301f;--bad:#ff8d84;--bad-soft:#3b1a18;--warn:#f3b65c;--warn-soft:#35260f;--hatch:rgb(10 14 20/.5);
--s-placed:#8f9cad;--s-requirements-fulfilled:#86a9d9;--s-details-created:#a59bf5;--s-ready:#58acf0;--s-in-progress:#eda53c;
--s-produced:#4cc282;--s-failed:#f4716a;--s-completed:#45bdbb;--s-cancelled:#98a1ad;--s-returned:#c9977a;--s-expired:#b5bcc7;--s-unknown:#df8cd8}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header.top,main,footer{max-width:1120px;margin:0 auto;padding:0 24px}
header.top{padding-top:36px}
h1,h2,h3,p,ul,dl,dd,figure{margin:0;padding:0}
ul{list-style:none}
h1{font-size:30px;line-height:1.2;letter-spacing:-.02em;overflow-wrap:anywhere}
h2{font-size:18px;letter-spacing:-.01em;margin-bottom:8px}
h2+.quiet{margin-top:-6px}
h3{font-size:15px;font-weight:600;display:inline}
a{color:var(--accent)}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.88em;overflow-wrap:anywhere}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.eyebrow,.lead,.quiet,caption{color:var(--quiet);font-weight:400}
.eyebrow{font-size:13px;margin-bottom:6px}
.title{display:flex;flex-wrap:wrap;gap:10px 16px;align-items:center}
.lead{font-size:17px;margin-top:8px}
.badge{display:inline-flex;gap:.45em;align-items:center;padding:.22em .8em;border-radius:99px;font-weight:600;font-size:14px;white-space:nowrap;border:1px solid currentColor}
.badge.small{font-size:12px;padding:.05em .65em}
.good{color:var(--good);background:var(--good-soft)}.bad{color:var(--bad);background:var(--bad-soft)}
.warn{color:var(--warn);background:var(--warn-soft)}.idle{color:var(--quiet);background:var(--soft)}
nav{margin-top:18px;padding-bottom:10px;border-bottom:1px solid var(--line)}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:14px}
section{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:22px 24px;margin-top:18px}
section.bare{background:none;border:0;padding:0}
section>p.quiet{margin-bottom:14px;font-size:14px}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:14px}
.tiles>div{background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:16px 18px}
.tiles dt{font-size:13px;color:var(--quiet)}
.tiles .big{font-size:28px;font-weight:650;letter-spacing:-.02em;line-height:1.25;font-variant-numeric:tabular-nums}
.tiles dd+dd{font-size:13px;color:var(--quiet)}
.share{display:block;width:100%;height:12px;border-radius:6px;overflow:hidden;margin:14px 0 0}
.o-passed{fill:var(--good)}.c-unmet,.o-failed{fill:var(--bad)}.o-unmet{fill:url(#p-unmet)}.o-interrupted{fill:var(--warn)}.o-not-started{fill:var(--quiet)}
.scroll{overflow:auto;max-width:100%}
.scroll.tall{max-height:72vh}
.chart{display:flex;min-width:260px}
.chart.axis{position:sticky;top:0;background:var(--paper);z-index:1}
.chart svg{display:block;flex:none}
.chart svg.bars{flex:1;min-width:0;width:100%;overflow:visible}
.chart text{font-size:12px;fill:var(--quiet);font-variant-numeric:tabular-nums}
.gutter text{text-anchor:end}
.axis .bars text{text-anchor:middle}.axis .bars text.first{text-anchor:start}
.grid line{stroke:var(--line);stroke-width:1}
.chart text.end{font-size:14px;font-weight:700}
.chart text.end.o-passed{fill:var(--good)}.chart text.end.o-unmet,.chart text.end.o-failed{fill:var(--bad)}.chart text.end.o-interrupted{fill:var(--warn)}
.hatch{fill:var(--hatch)}
.patterns{position:absolute}
.legend{display:flex;flex-wrap:wrap;gap:6px 20px;margin:14px 0 16px;font-size:13px;color:var(--quiet)}
.legend svg{margin-right:7px;vertical-align:-1px}
.legend b{color:var(--ink);font-weight:600}
table{border-collapse:collapse;width:100%;font-size:14px}
caption{text-align:left;font-size:13px;padding-bottom:8px}
th,td{text-align:left;vertical-align:top;padding:7px 14px 7px 0;border-top:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--quiet);font-weight:600;font-size:13px;border-top:0;white-space:nowrap}
thead td{border-top:0}
.steps caption{position:absolute;width:1px;height:1px;padding:0;overflow:hidden;clip-path:inset(50%)}
.steps th[scope=row]{width:55%}
tbody th{font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.wide{width:45%}
.meter{display:block;width:100%;height:14px;overflow:visible;margin-top:4px}
.meter line{stroke:var(--ink);stroke-width:2}
.errors>li{border-top:1px solid var(--line);padding:12px 0}
.errors>li:last-child{padding-bottom:0}
.errors p{margin-top:3px}
.errors .head{display:flex;flex-wrap:wrap;gap:6px 12px;align-items:baseline}
.errors .head code{font-size:15px;font-weight:650}
details{border-top:1px solid var(--line)}
details>summary{cursor:pointer;padding:11px 0;display:flex;flex-wrap:wrap;gap:4px 12px;align-items:center}
details>summary::before{content:"▸";color:var(--quiet);width:1em;flex:none}
details[open]>summary::before{content:"▾"}
details>summary::-webkit-details-marker{display:none}
details .inner{padding:0 0 16px 26px}
details .ids{font-size:13px;color:var(--quiet);margin-bottom:6px}
.steps .sign{font-weight:700;width:1.6em;padding-right:8px}
.steps tr.more td{border-top:0;padding-top:0}
.trouble{border-left:3px solid var(--bad);padding:6px 12px;background:var(--bad-soft);border-radius:0 8px 8px 0;margin-bottom:6px}
.trouble.mild{border-color:var(--warn);background:var(--warn-soft)}
.trouble p+p{margin-top:3px}
.trouble .ids{margin:4px 0 0;color:var(--ink)}
.t-bad{color:var(--bad)}.t-good{color:var(--good)}.t-warn{color:var(--warn)}.t-idle{color:var(--quiet)}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:18px}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:5px 20px;font-size:14px}
.facts dt{color:var(--quiet)}
.facts dd{overflow-wrap:anywhere}
.command{display:block;background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:8px 12px;margin-top:4px}
footer{padding-top:20px;padding-bottom:40px;font-size:13px;color:var(--quiet)}
@media screen{.scroll td code{white-space:nowrap}}
@media (max-width:820px){.tiles{grid-template-columns:1fr 1fr}.pair{grid-template-columns:1fr}}
@media (max-width:560px){header.top,main,footer{padding-left:14px;padding-right:14px}header.top{padding-top:22px}h1{font-size:24px}
section{padding:16px 14px}section.bare{padding:0}.tiles{gap:10px}.tiles>div{padding:12px}.tiles .big{font-size:22px}details .inner{padding-left:0}
.facts{grid-template-columns:1fr}.facts dd{margin-bottom:6px}th,td{padding-right:8px}td.wide{width:30%}}
@media print{:root{color-scheme:light;--page:#fff;--paper:#fff;--ink:#111;--quiet:#4a5563;--line:#cfd6de;--soft:#f2f4f7;--accent:#111;
--good:#176c3f;--good-soft:#fff;--bad:#b3261e;--bad-soft:#fff;--warn:#8a5200;--warn-soft:#fff;--hatch:rgb(255 255 255/.5);
--s-placed:#7b8898;--s-requirements-fulfilled:#5b7ba6;--s-details-created:#6a5acd;--s-ready:#1b78c0;--s-in-progress:#b96d00;
--s-produced:#1f8a4f;--s-failed:#c5332b;--s-completed:#0d6e6e;--s-cancelled:#666d77;--s-returned:#87583f;--s-expired:#494e57;--s-unknown:#a1459a}
@page{margin:14mm}
body{font-size:11pt}
nav{display:none}
header.top,main,footer{max-width:none;padding:0}
section,.tiles>div{break-inside:avoid-page;border-color:#cfd6de}
section.long{break-inside:auto}
.scroll,.scroll.tall{overflow:visible;max-height:none}
.chart.axis{position:static}
tr,.errors>li{break-inside:avoid}
h2{break-after:avoid}
.tiles{grid-template-columns:repeat(4,1fr)}.pair{grid-template-columns:1fr 1fr}
details.print::details-content{content-visibility:visible;display:block;height:auto}
svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
