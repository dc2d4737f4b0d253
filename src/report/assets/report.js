'use strict';
(() => {
  const result = JSON.parse(document.getElementById('data').textContent);
  const tip = document.getElementById('tip');
  const dialog = document.getElementById('cell');
  const COLOURS = [0, 1, 2, 3, 4, 5, 6].map((i) => `var(--c${i})`);

  // Elements are made from text nodes only: nothing of the experiment is ever parsed as HTML.
  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) node.setAttribute(name, value === true ? '' : value);
    }
    node.append(...children.flat().filter((child) => child !== null));
    return node;
  };
  const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes = {}, ...children) =>
    fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

  const clean = (text) => String(text).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
  const scaled = (value, unit) => (unit === 'share' ? value * 100 : value);
  const unitLabel = (unit) => (unit === 'share' ? '%' : unit);
  const short = (value) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return '–';
    const size = Math.abs(value);
    if (size < 1e-12) return '0';
    if (size < 1e-3 || size >= 1e9) return value.toExponential(2);
    const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(size) + 1e-9)));
    const [whole, part] = value.toFixed(digits).split('.');
    return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part ? `.${part}` : '');
  };
  const plain = (value) => short(value).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
  const withInterval = (figure, unit) => {
    if (!figure || figure.value === null) return '–';
    const value = short(scaled(figure.value, unit));
    if (figure.low === null || figure.high === null) return value;
    const half = scaled((figure.high - figure.low) / 2, unit);
    if (value.includes('e') || Math.abs(half) >= 1e9) return `${value} ± ${short(half)}`;
    // The decimals of the estimate, or as many as show one digit of a narrower interval.
    let decimals = (value.split('.')[1] || '').length;
    while (half !== 0 && decimals < 8 && Number(half.toFixed(decimals)) === 0) decimals += 1;
    return `${value} ± ${decimals === 8 ? short(half) : half.toFixed(decimals)}`;
  };
  const label = (metric) => clean(metric.label) + (metric.unit ? `, ${unitLabel(metric.unit)}` : '');
  const grouped = (text) => (/^-?\d+(\.\d+)?$/.test(text) ? text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ',')) : text);
  const axisValue = (cell, axis) => grouped(clean(result.axes[axis].values[cell.coordinates[axis]]));
  const describe = (cell, axes) => axes.map((axis) => `${clean(result.axes[axis].label)}: ${axisValue(cell, axis)}`).join('\n');
  const isDone = (cell) => cell.status === 'done';
  const cellAt = (index) => result.cells.find((cell) => cell.index === index);

  // Scales and ticks.
  const niceTicks = (low, high, count) => {
    const rough = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((k) => k * power).find((s) => s >= rough * 0.999999) || power;
    const ticks = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-6; k += 1) ticks.push(k * step);
    return ticks;
  };
  const scale = (values, { log, zero, within }) => {
    // A range that was asked for is kept as it is.
    if (within) {
      const [from, to] = within[1] > within[0] ? within : [within[0] - 0.5, within[0] + 0.5];
      return { place: (v) => (v - from) / (to - from), value: (share) => from + share * (to - from), ticks: niceTicks(from, to, 6) };
    }
    const finite = values.filter((v) => v !== null && Number.isFinite(v) && (!log || v > 0));
    let low = Math.min(...finite);
    let high = Math.max(...finite);
    if (!finite.length) [low, high] = [log ? 0.1 : 0, 1];
    if (log) {
      const [a, b] = [Math.floor(Math.log10(low) + 1e-9), Math.max(Math.ceil(Math.log10(high) - 1e-9), Math.floor(Math.log10(low)) + 1)];
      const ticks = [];
      for (let e = a; e <= b; e += 1) for (const k of b - a > 3 ? [1] : [1, 2, 5]) if (k * 10 ** e <= 10 ** b * 1.0001) ticks.push(k * 10 ** e);
      return { place: (v) => (v > 0 ? Math.max(0, (Math.log10(v) - a) / (b - a)) : 0), ticks };
    }
    if (zero) low = Math.min(0, low);
    if (high <= low) high = low + Math.max(1, Math.abs(low));
    const ticks = niceTicks(low, high, 5);
    const step = ticks.length > 1 ? ticks[1] - ticks[0] : high - low;
    const top = Math.ceil(high / step - 1e-9) * step;
    const bottom = Math.floor(low / step + 1e-9) * step;
    return { place: (v) => (v - bottom) / (top - bottom), value: (share) => bottom + share * (top - bottom), ticks: niceTicks(bottom, top, 6) };
  };

  const showTip = (text, x, y) => {
    tip.textContent = text;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 4))}px`;
    tip.style.top = `${y - box.height - 12 < 4 ? y + 18 : y - box.height - 12}px`;
  };
  const hideTip = () => { tip.hidden = true; };

  const marker = (index, x, y, filled, colour) => {
    const r = 5;
    const attributes = { fill: filled ? colour : 'var(--paper)', stroke: colour, 'stroke-width': 2 };
    const shapes = [
      () => svg('circle', { cx: x, cy: y, r: 4.5, ...attributes }),
      () => svg('rect', { x: x - 4, y: y - 4, width: 8, height: 8, ...attributes }),
      () => svg('path', { d: `M${x} ${y - r}L${x + r} ${y + 4}L${x - r} ${y + 4}Z`, ...attributes }),
      () => svg('path', { d: `M${x} ${y - 6}L${x + r} ${y}L${x} ${y + 6}L${x - r} ${y}Z`, ...attributes }),
    ];
    return shapes[index % 4]();
  };

  // The one chart of the page and the small ones of a cell share their axes.
  // Ticks of equal steps have the decimals that tell them apart.
  const tickText = (tick, ticks) => {
    const step = ticks.length > 1 ? ticks[1] - ticks[0] : tick;
    const equal = ticks.every((t, i) => i === 0 || Math.abs(t - ticks[i - 1] - step) < step * 1e-6);
    const decimals = [0, 1, 2, 3, 4, 5].find((d) => Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) < 1e-6 * step * 10 ** d);
    if (!equal || decimals === undefined || step < 1e-6 || Math.abs(tick) >= 1e9) return plain(tick);
    const [whole, part] = tick.toFixed(decimals).split('.');
    const rest = (part || '').replace(/0+$/, '');
    return grouped(whole) + (rest ? `.${rest}` : '');
  };
  const axes = (root, box, x, y, labels) => {
    for (const tick of y.ticks) {
      const at = box.bottom - (box.bottom - box.top) * y.place(tick);
      root.append(svg('line', { x1: box.left, x2: box.right, y1: at, y2: at, stroke: 'var(--grid)' }));
      root.append(svg('text', { x: box.left - 7, y: at + 4, 'text-anchor': 'end', class: 'chart-text' }, tickText(tick, y.ticks)));
    }
    let free = -Infinity;
    for (const tick of x.ticks) {
      const at = box.left + (box.right - box.left) * x.place(tick);
      const text = tickText(tick, x.ticks);
      root.append(svg('line', { x1: at, x2: at, y1: box.bottom, y2: box.bottom + 5, stroke: 'var(--quiet)' }));
      if (at - text.length * 4 >= free) {
        root.append(svg('text', { x: at, y: box.bottom + 18, 'text-anchor': 'middle', class: 'chart-text', 'data-tick': text }, text));
        free = at + text.length * 4 + 6;
      }
    }
    root.append(svg('line', { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, stroke: 'var(--quiet)' }));
    if (labels.x) root.append(svg('text', { x: (box.left + box.right) / 2, y: box.bottom + 40, 'text-anchor': 'middle', class: 'chart-label' }, labels.x));
    if (labels.y) {
      const [cx, cy] = [16, (box.top + box.bottom) / 2];
      root.append(svg('text', { x: cx, y: cy, transform: `rotate(-90 ${cx} ${cy})`, 'text-anchor': 'middle', class: 'chart-label' }, labels.y));
    }
  };

  const runs = (points) => {
    const all = [[]];
    for (const point of points) {
      if (point.y === null) all.push([]);
      else all[all.length - 1].push(point);
    }
    return all.filter((run) => run.length);
  };

  // Curves: a metric against a numeric axis, a line for each combination of the others that passes the filter.
  const numeric = result.axes.map((axis, i) => i).filter((i) => {
    const numbers = result.axes[i].numbers;
    return numbers.length > 1 && numbers.every((n) => n !== null);
  });
  const drawable = result.metrics.filter((m) => result.cells.some((c) => c.metrics[m.name] && c.metrics[m.name].value !== null));
  const state = { metric: null, axis: numeric[0], filter: {}, log: false, hidden: new Set(), range: null };
  const isWithin = (x) => state.range === null || (x >= state.range[0] && x <= state.range[1]);
  // Latencies far apart are shown by factors, as the plots do.
  const isWide = (metric) => {
    const values = result.cells.map((c) => c.metrics[metric.name]?.value).filter((v) => v !== null && v !== undefined);
    return metric.unit === 's' && values.length > 0 && Math.min(...values) > 0 && Math.max(...values) > 8 * Math.min(...values);
  };
  const judged = new Set(result.slo.map((term) => term.metric));
  const preferred = drawable.find((m) => m.name === 'latency_p99_s') || drawable.find((m) => judged.has(m.name)) || drawable[0];

  const lines = () => {
    const others = result.axes.map((axis, i) => i).filter((i) => i !== state.axis && result.axes[i].values.length > 1);
    const groups = new Map();
    for (const cell of result.cells) {
      if (others.some((i) => state.filter[i] !== undefined && state.filter[i] !== cell.coordinates[i])) continue;
      const name = others.map((i) => `${clean(result.axes[i].label)}: ${axisValue(cell, i)}`).join(' · ') || 'all';
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(cell);
    }
    const unit = state.metric.unit;
    const of = (v) => (v === null || v === undefined ? null : scaled(v, unit));
    return [...groups].map(([name, cells], index) => ({
      name,
      index,
      points: cells.map((cell) => {
        const figure = isDone(cell) ? cell.metrics[state.metric.name] : null;
        const x = result.axes[state.axis].numbers[cell.coordinates[state.axis]];
        return { cell, figure, x, y: figure ? of(figure.value) : null, low: figure ? of(figure.low) : null, high: figure ? of(figure.high) : null };
      }).filter((point) => isWithin(point.x)).sort((a, b) => a.x - b.x),
    }));
  };

  // Dragging across the chart with a mouse or a pen zooms; on a touch screen a drag scrolls, and the choices do the same.
  const zooms = (root, box, x) => {
    const share = (event) => {
      const frame = root.getBoundingClientRect();
      return Math.min(1, Math.max(0, ((event.clientX - frame.left) * 930 / frame.width - box.left) / (box.right - box.left)));
    };
    root.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'touch' || event.button !== 0 || event.target.closest('.point')) return;
      event.preventDefault();
      const start = share(event);
      const area = svg('rect', { y: box.top, height: box.bottom - box.top, fill: 'var(--link)', opacity: 0.15 });
      root.append(area);
      const ends = (now) => [Math.min(start, now), Math.max(start, now)];
      const drag = (moved) => {
        const [from, to] = ends(share(moved));
        area.setAttribute('x', box.left + (box.right - box.left) * from);
        area.setAttribute('width', (box.right - box.left) * (to - from));
      };
      const finish = (ended) => {
        removeEventListener('pointermove', drag);
        removeEventListener('pointerup', finish);
        area.remove();
        const [from, to] = ends(share(ended));
        if (to - from > 0.01) zoomTo([x.value(from), x.value(to)]);
      };
      addEventListener('pointermove', drag);
      addEventListener('pointerup', finish);
    });
  };
  const zoomTo = (range) => {
    const numbers = result.axes[state.axis].numbers;
    if (range !== null && !numbers.some((n) => n >= range[0] && n <= range[1])) return;
    state.range = range;
    drawControls();
    drawCurves();
  };

  const drawCurves = () => {
    const holder = document.getElementById('chart');
    const all = lines();
    const shown = all.filter((line) => !state.hidden.has(line.name));
    const points = shown.flatMap((line) => line.points);
    const term = result.slo.find((t) => t.metric === state.metric.name);
    const limit = term ? scaled(term.limit, state.metric.unit) : null;
    const published = (result.published ?? []).filter((c) => c.metric === state.metric.name && c.axis === state.axis)
      .flatMap((c) => c.points.filter(([x]) => isWithin(x)).map(([x, y]) => ({ x, y: scaled(y, state.metric.unit), raw: y, source: clean(c.source) })));
    const values = [...points.flatMap((p) => [p.y, p.low, p.high]), ...published.map((p) => p.y)].filter((v) => v !== null);
    const nearLimit = limit !== null && (!values.length || limit <= 4 * Math.max(...values));
    const y = scale(nearLimit ? [...values, limit] : values, { log: state.log, zero: true });
    const x = scale([...points, ...published].map((p) => p.x), { log: false, zero: true, within: state.range });
    const box = { left: 76, right: 900, top: 24, bottom: 370 };
    const px = (v) => box.left + (box.right - box.left) * x.place(v);
    const py = (v) => box.bottom - (box.bottom - box.top) * y.place(v);
    const title = `${label(state.metric)} against ${clean(result.axes[state.axis].label)}`;
    const root = svg('svg', { viewBox: '0 0 930 420', width: 930, height: 420, role: 'group', 'aria-label': title });
    axes(root, box, x, y, { x: clean(result.axes[state.axis].label), y: label(state.metric) });
    zooms(root, box, x);
    if (nearLimit) {
      root.append(svg('line', { x1: box.left, x2: box.right, y1: py(limit), y2: py(limit), stroke: 'var(--target)', 'stroke-width': 2, 'stroke-dasharray': '6 4' }));
    }
    for (const line of shown) {
      const colour = COLOURS[line.index % 7];
      for (const run of runs(line.points)) {
        const band = run.filter((p) => p.low !== null && p.high !== null);
        if (band.length > 1) {
          const d = [...band.map((p) => `${px(p.x)} ${py(p.low)}`), ...[...band].reverse().map((p) => `${px(p.x)} ${py(p.high)}`)];
          root.append(svg('path', { d: `M${d.join('L')}Z`, fill: colour, opacity: 0.16 }));
        }
        root.append(svg('path', { d: `M${run.map((p) => `${px(p.x)} ${py(p.y)}`).join('L')}`, fill: 'none', stroke: colour, 'stroke-width': 2.2 }));
      }
    }
    if (nearLimit) {
      root.append(svg('line', { x1: box.left, x2: box.left + 24, y1: 8, y2: 8, stroke: 'var(--target)', 'stroke-width': 2, 'stroke-dasharray': '6 4' }));
      root.append(svg('text', { x: box.left + 30, y: 12, style: 'fill:var(--target);font-size:12px' }, `objective: ${clean(term.text)}`));
    }
    for (const line of shown) {
      const colour = COLOURS[line.index % 7];
      for (const point of line.points.filter((p) => p.y !== null)) {
        const doubtful = point.cell.flags.some((flag) => flag.severity === 'warning');
        const text = `${withInterval(point.figure, state.metric.unit)} ${unitLabel(state.metric.unit)}\n${describe(point.cell, result.axes.map((a, i) => i))}\ncell ${point.cell.index}${doubtful ? ', flagged' : ''}`;
        const node = svg('g', {
          class: 'point', tabindex: 0, role: 'button', 'aria-label': `${text.replaceAll('\n', ', ')}; opens the cell`,
          'data-cell': point.cell.index, 'data-value': point.figure.value,
          onmouseenter: (event) => showTip(text, event.clientX, event.clientY),
          onmouseleave: hideTip,
          onfocus: (event) => { const b = event.currentTarget.getBoundingClientRect(); showTip(text, b.right, b.top); },
          onblur: hideTip,
          onclick: () => openCell(point.cell.index),
          onkeydown: (event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); openCell(point.cell.index); } },
        }, svg('circle', { cx: px(point.x), cy: py(point.y), r: 11, fill: 'transparent' }), marker(line.index, px(point.x), py(point.y), !doubtful, colour));
        root.append(node);
      }
    }
    for (const { x: at, y: value, raw, source } of published) {
      const text = `${short(value)} ${unitLabel(state.metric.unit)}\npublished: ${source}`;
      const [cx, cy] = [px(at), py(value)];
      root.append(svg('path', {
        d: `M${cx - 7} ${cy}H${cx + 7}M${cx} ${cy - 7}V${cy + 7}`, stroke: 'var(--ink)', 'stroke-width': 2, class: 'published', 'data-value': raw,
        onmouseenter: (event) => showTip(text, event.clientX, event.clientY), onmouseleave: hideTip,
      }, svg('title', {}, text)));
    }
    holder.replaceChildren(el('div', { class: 'wide' }, root));
    if (published.length) holder.append(el('p', { class: 'quiet' }, `+ published: ${[...new Set(published.map((p) => p.source))].join('; ')}`));
    if (points.some((p) => p.y === null)) holder.append(el('p', { class: 'quiet' }, `Without a value: cell ${points.filter((p) => p.y === null).map((p) => p.cell.index).join(', ')}.`));
    document.getElementById('keys').replaceChildren(...all.map((line) => el('button', {
      type: 'button', 'aria-pressed': String(!state.hidden.has(line.name)),
      onclick: () => {
        if (!state.hidden.delete(line.name)) state.hidden.add(line.name);
        drawCurves();
        document.querySelectorAll('#keys button')[line.index].focus();
      },
    }, svg('svg', { width: 16, height: 16, 'aria-hidden': 'true' }, marker(line.index, 8, 8, true, COLOURS[line.index % 7])), line.name)));
  };

  const choice = (name, options, chosen, change, axis = null) => el('label', {}, name,
    el('select', { 'data-axis': axis, onchange: (event) => { change(event.target.value); state.hidden.clear(); drawControls(); drawCurves(); } },
      options.map(([value, text]) => el('option', { value, selected: String(value) === String(chosen) }, text))));

  const drawControls = () => {
    const controls = document.getElementById('controls');
    const focused = [...controls.querySelectorAll('select, input')].indexOf(document.activeElement);
    const parts = [choice('show', drawable.map((m) => [m.name, label(m)]), state.metric.name, (name) => { state.metric = drawable.find((m) => m.name === name); state.log = isWide(state.metric); })];
    if (numeric.length > 1) parts.push(choice('against', numeric.map((i) => [i, clean(result.axes[i].label)]), state.axis, (i) => { state.axis = Number(i); state.range = null; delete state.filter[i]; }));
    const ends = [...new Set(result.axes[state.axis].numbers)].sort((a, b) => a - b);
    const [from, to] = state.range ?? [ends[0], ends[ends.length - 1]];
    const option = (n) => [n, plain(n)];
    parts.push(choice('from', ends.filter((n) => n <= to).map(option), ends.find((n) => n >= from), (n) => { state.range = [Number(n), to]; }));
    parts.push(choice('to', ends.filter((n) => n >= from).map(option), ends.findLast((n) => n <= to), (n) => { state.range = [from, Number(n)]; }));
    if (state.range !== null) parts.push(el('button', { type: 'button', class: 'whole', onclick: () => zoomTo(null) }, 'Whole range'));
    result.axes.forEach((axis, i) => {
      if (i === state.axis || axis.values.length < 2) return;
      parts.push(choice(clean(axis.label), [['', 'all'], ...axis.values.map((v, k) => [k, grouped(clean(v))])], state.filter[i] ?? '', (k) => {
        if (k === '') delete state.filter[i]; else state.filter[i] = Number(k);
      }, i));
    });
    parts.push(el('label', { class: 'tick' }, el('input', { type: 'checkbox', checked: state.log, onchange: (event) => { state.log = event.target.checked; drawCurves(); } }), 'logarithmic'));
    controls.replaceChildren(...parts);
    if (focused >= 0) controls.querySelectorAll('select, input')[focused]?.focus();
  };

  // A cell in detail.
  const table = (head, rows, look) => el('div', { class: 'wide', tabindex: 0 }, el('table', look ? { class: look } : {},
    el('thead', {}, el('tr', {}, head.map((text) => el('th', { scope: 'col' }, text)))),
    el('tbody', {}, rows.map((row) => el('tr', {}, row.map((field) => el('td', {}, field)))))));

  const mini = (name, values, halves, window, faults) => {
    const points = values.map((y, i) => ({ x: (i + 0.5) * window, y, half: halves?.[i] ?? null }));
    const ends = points.flatMap((p) => (p.y === null || p.half === null ? [p.y] : [Math.max(0, p.y - p.half), p.y + p.half]));
    const y = scale(ends, { log: false, zero: true });
    const x = scale([0, values.length * window], { log: false, zero: true });
    const box = { left: 52, right: 270, top: 8, bottom: 96 };
    const root = svg('svg', { viewBox: '0 0 280 120', width: 280, height: 120, role: 'img', 'aria-label': `${name} over time` });
    for (const fault of faults) {
      const [from, to] = [fault.start_s, fault.end_s].map((s) => box.left + (box.right - box.left) * Math.min(1, x.place(s)));
      root.append(svg('rect', { x: from, y: box.top, width: to - from, height: box.bottom - box.top, fill: 'var(--target)', opacity: 0.14 }, svg('title', {}, clean(fault.label))));
    }
    axes(root, box, x, y, {});
    const at = (p, value) => `${box.left + (box.right - box.left) * x.place(p.x)} ${box.bottom - (box.bottom - box.top) * y.place(value)}`;
    for (const run of runs(points)) {
      const band = run.filter((p) => p.half !== null);
      if (band.length > 1) {
        const d = [...band.map((p) => at(p, Math.max(0, p.y - p.half))), ...[...band].reverse().map((p) => at(p, p.y + p.half))];
        root.append(svg('path', { d: `M${d.join('L')}Z`, fill: 'var(--c0)', opacity: 0.18 }));
      }
      root.append(svg('path', { d: `M${run.map((p) => at(p, p.y)).join('L')}`, fill: 'none', stroke: 'var(--c0)', 'stroke-width': 1.8 }));
    }
    return el('div', {}, el('div', { class: 'quiet' }, name), root);
  };

  const attribution = (cell) => {
    const most = Math.max(...cell.ledger.flatMap((part) => [part.mean_s.value, part.slowest_s.value]), 1e-12);
    const bar = (value, colour) => el('div', { class: 'bar', style: `width:${(160 * value / most).toFixed(1)}px;background:${colour}` });
    return table(['part', 'mean, s', 'as a bar', 'slowest 1 %, s', 'as a bar'], cell.ledger.map((part) => [
      clean(part.part), withInterval(part.mean_s, 's'), bar(part.mean_s.value, 'var(--c0)'), short(part.slowest_s.value), bar(part.slowest_s.value, 'var(--c1)')]), 'first how');
  };

  // How the numbers of a table were estimated, and why some have no interval: each remark once.
  const notes = (figures) => [...new Set(figures.flatMap((f) => [f.method, f.low === null ? f.note : null]).filter(Boolean).map(clean))].join('; ');
  const BROKEN_DOWN = [['rate_per_s', '1/s'], ['latency_mean_s', 's'], ['latency_p99_s', 's'], ['error_share', 'share'], ['cost_usd_per_task', 'USD'], ['quality_mean', 'share']];

  // A column's name says its unit last: `heap_max_mb` is `heap max` in MB.
  const UNITS = [['_usd_per_s', 'USD/s'], ['_per_s', '1/s'], ['_per_min', '1/min'], ['_per_h', '1/h'], ['_mb', 'MB'], ['_bytes', 'B'], ['_s', 's']];
  const column = (name) => {
    const limit = /^limiter\/(.*)\/level_share$/.exec(name);
    if (limit) return [`limit left, ${clean(limit[1])}`, 'share'];
    const member = /^failover\/(.*)\/active$/.exec(name);
    if (member) return [`active member, ${clean(member[1])}`, ''];
    const [ending, unit] = UNITS.find(([end]) => name.endsWith(end)) || ['', /(_share|utilisation)$/.test(name) ? 'share' : ''];
    return [clean(name.slice(0, name.length - ending.length)).replaceAll('_', ' '), unit];
  };

  // Stations, pools and nodes apart: what is measured of them differs. A row a metric, since there are more of those.
  const KINDS = { station: 'Stations', pool: 'Pools', nodes: 'Nodes' };
  const byKind = (places) => {
    const kinds = new Map();
    for (const place of places) {
      const [first, ...rest] = place.name.split(' ');
      const kind = rest.length && Object.hasOwn(KINDS, first) ? KINDS[first] : 'Stations';
      const name = kind === KINDS[first] && rest.length ? rest.join(' ') : place.name;
      kinds.set(kind, [...(kinds.get(kind) || []), { name: clean(name), metrics: place.metrics }]);
    }
    return kinds;
  };
  const placesTable = (places) => {
    const names = [...new Set(places.flatMap((place) => Object.keys(place.metrics)))];
    return table(['metric', 'unit', ...places.map((place) => place.name)], names.map((name) => {
      const [words, unit] = column(name);
      return [words, unitLabel(unit), ...places.map((place) => withInterval(place.metrics[name], unit))];
    }), 'first');
  };

  const copyButton = (text, words) => el('button', { type: 'button', onclick: (event) => copy(text, event.currentTarget) }, words);
  const copy = (text, button) => {
    const done = () => { button.textContent = 'Copied'; };
    const fallback = () => {
      const area = el('textarea', { style: 'position:fixed;opacity:0' }, text);
      button.after(area);
      area.select();
      if (document.execCommand('copy')) done();
      area.remove();
      button.focus();
    };
    if (navigator.clipboard && isSecureContext) navigator.clipboard.writeText(text).then(done, fallback);
    else fallback();
  };

  // What followed from failures, in the first replication.
  const story = (series) => {
    const at = (seconds) => (seconds === null ? '–' : `${grouped(String(Math.round(seconds * 10) / 10))} s`);
    const faults = (series.faults ?? []).map((f) => [`fault: ${clean(f.label)}`, at(f.start_s), '', '', at(f.end_s)]);
    const episodes = (series.episodes ?? []).map((e) => [clean(e.of), at(e.start_s), at(e.noticed_s),
      e.steps.map(([what, seconds]) => `${clean(what)} ${at(seconds)}`).join('; '), e.end_s === null ? 'not by the end' : at(e.end_s)]);
    if (!faults.length && !episodes.length) return [];
    const untold = series.untold ? ` ${series.untold} more are not listed.` : '';
    return [el('h4', {}, 'What happened in the first replication'), table(['what', 'from', 'noticed', 'meanwhile', 'over'], [...faults, ...episodes], 'first'),
      ...(untold ? [el('p', { class: 'quiet' }, untold)] : [])];
  };

  const openCell = (index) => {
    const cell = cellAt(index);
    if (!cell) return;
    hideTip();
    const role = index === result.answer.cell ? ' – the answer' : index === result.answer.smaller ? ' – the next smaller one' : '';
    const parts = [
      el('button', { type: 'button', class: 'close', onclick: () => dialog.close() }, 'Close'),
      el('h2', { id: 'cell-title', tabindex: -1 }, `Cell ${index}${role}`),
      el('p', {}, describe(cell, result.axes.map((a, i) => i)).replaceAll('\n', ' · ')),
    ];
    if (!isDone(cell)) parts.push(el('p', { class: 'remark warning' }, `It failed: ${clean(cell.status.failed)}`));
    if (cell.slo_met !== null) {
      const missed = cell.slo_missed.map((i) => clean(result.slo[i].text)).join('; ');
      parts.push(el('p', { class: cell.slo_met ? 'good' : 'bad' }, cell.slo_met ? '✓ meets the objective' : `✗ misses: ${missed}`));
    }
    for (const flag of cell.flags) parts.push(el('p', { class: `remark ${flag.severity}` }, clean(flag.text)));
    if (isDone(cell)) {
      parts.push(el('p', { class: 'quiet' }, `${cell.replications} replications of ${plain(cell.window_s)} s after ${plain(cell.warmup_s)} s (${clean(cell.warmup_rule)})`));
      parts.push(el('h3', {}, 'Metrics'), table(['metric', 'estimate', 'unit', 'low', 'high', 'how'], result.metrics.filter((m) => cell.metrics[m.name]).map((m) => {
        const figure = cell.metrics[m.name];
        const of = (v) => (v === null ? '–' : short(scaled(v, m.unit)));
        return [clean(m.label), of(figure.value), unitLabel(m.unit), of(figure.low), of(figure.high), clean([figure.method, figure.note].filter(Boolean).join('; '))];
      }), 'first how'));
    }
    if (cell.ledger.length) {
      parts.push(el('h3', {}, 'Where a task’s time goes'), attribution(cell), el('p', { class: 'quiet' }, notes(cell.ledger.flatMap((part) => [part.mean_s, part.slowest_s]))));
    }
    if (cell.breakdowns.length) {
      parts.push(el('h3', {}, 'Breakdowns'), table(['by', 'value', 'per s', 'latency mean, s', 'latency p99, s', 'errors, %', 'USD per task', 'quality, %'],
        cell.breakdowns.map((b) => [clean(b.dimension), clean(b.value), ...BROKEN_DOWN.map(([name, unit]) => withInterval(b.metrics[name], unit))]), 'first'));
      parts.push(el('p', { class: 'quiet' }, notes(cell.breakdowns.flatMap((b) => Object.values(b.metrics)))));
    }
    parts.push(el('div', { class: 'beside' }, [...byKind(cell.stations)].map(([kind, places]) => el('div', {}, el('h3', {}, kind), placesTable(places)))));
    if (cell.series) {
      parts.push(el('h3', {}, 'Over time'), el('p', { class: 'quiet' }, `From the start of the run in windows of ${plain(cell.series.window_s)} s: ${clean(cell.series.method)}.${cell.series.faults?.length ? ` Red: ${[...new Set(cell.series.faults.map((f) => clean(f.label)))].join('; ')}.` : ''}`),
        ...story(cell.series),
        el('div', { class: 'minis' }, Object.entries(cell.series.columns)
          .filter(([, values]) => values.some((v) => v !== null))
          .map(([name, values]) => {
            const [words, unit] = column(name);
            return mini(unit ? `${words}, ${unitLabel(unit)}` : words, values.map((v) => (v === null ? null : scaled(v, unit))),
              cell.series.half_widths?.[name]?.map((v) => (v === null ? null : scaled(v, unit))), cell.series.window_s, cell.series.faults ?? []);
          })));
    }
    const settings = JSON.stringify(cell.settings, null, 2);
    parts.push(el('h3', {}, 'Settings'), el('pre', {}, settings), copyButton(settings, 'Copy the settings'));
    dialog.replaceChildren(...parts);
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    document.getElementById('cell-title').focus();
  };
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });

  // The table sorts by number where there is one, by text elsewhere; fields without a value come last.
  const sortBy = (heading, column) => {
    const body = document.querySelector('#cell-table tbody');
    const down = heading.getAttribute('aria-sort') === 'ascending';
    for (const other of heading.parentNode.children) other.removeAttribute('aria-sort');
    heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const key = (row) => {
      const field = row.children[column];
      const number = field.dataset.sort === '' ? NaN : Number(field.dataset.sort);
      return { number, text: field.textContent };
    };
    const rows = [...body.children].map((row, place) => ({ row, place, key: key(row) }));
    rows.sort((a, b) => {
      const [hasA, hasB] = [!Number.isNaN(a.key.number), !Number.isNaN(b.key.number)];
      if (hasA !== hasB) return hasA ? -1 : 1;
      const order = hasA ? a.key.number - b.key.number : a.key.text.localeCompare(b.key.text, 'en');
      return (down ? -order : order) || a.place - b.place;
    });
    body.append(...rows.map((entry) => entry.row));
  };
  document.querySelectorAll('#cell-table thead th').forEach((heading, column) => {
    heading.querySelector('button').addEventListener('click', () => sortBy(heading, column));
  });
  document.querySelector('#cell-table tbody').addEventListener('click', (event) => {
    const row = event.target.closest('tr');
    if (row && !getSelection().toString()) openCell(Number(row.dataset.cell));
  });
  document.querySelectorAll('header .open').forEach((button) => button.addEventListener('click', () => openCell(Number(button.dataset.cell))));
  document.querySelectorAll('[data-copy]').forEach((button) => {
    button.addEventListener('click', () => copy(document.getElementById(button.dataset.copy).textContent, button));
  });

  if (preferred && numeric.length) {
    state.metric = preferred;
    state.log = isWide(preferred);
    drawControls();
    drawCurves();
  } else {
    document.getElementById('curves').hidden = true;
  }
})();
