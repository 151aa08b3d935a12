import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  FieldColorModeId,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  MappingType,
  PercentChangeColorMode,
  SortOrder,
  StackingMode,
  ThresholdsMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizOrientation,
  type GraphFieldConfig,
  type Panel,
  type ThresholdsConfig,
} from '@grafana/schema';
import type * as StateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The start of a threshold level, in the unit of the panel. */
type Steps = readonly (readonly [color: string, from: number | null])[];

export interface PanelSpec {
  readonly title: string;
  /** What the panel shows, and how to read it. */
  readonly description: string;
  /** Grafana's id of the unit. */
  readonly unit: string;
  /** PromQL, and the legend of its series. */
  readonly queries: readonly (readonly [expr: string, legend: string])[];
  /** Width in columns; a row has 24. */
  readonly width: number;
  readonly decimals?: number;
  readonly max?: number;
  /** The first level begins at null and reaches up to the next. */
  readonly thresholds?: Steps;
}

export interface TimeSeriesSpec extends PanelSpec {
  /** Whether the series are parts of one whole. */
  readonly stacked?: boolean;
}

export type Placed = Panel & { readonly gridPos: NonNullable<Panel['gridPos']> };
/** A panel without its place. */
export type Unplaced = Omit<Panel, 'gridPos' | 'id'> & { readonly width: number; readonly height: number };

export interface Row {
  readonly title: string;
  readonly panels: readonly Unplaced[];
}

/** The latest value, large. */
export function stat(spec: PanelSpec): Unplaced {
  const options: Stat.Options = {
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    orientation: VizOrientation.Auto,
    colorMode: BigValueColorMode.Value,
    graphMode: BigValueGraphMode.Area,
    justifyMode: BigValueJustifyMode.Auto,
    textMode: BigValueTextMode.Auto,
    percentChangeColorMode: PercentChangeColorMode.Standard,
    showPercentChange: false,
    wideLayout: true,
  };
  return {
    ...common('stat', spec, 4),
    fieldConfig: { defaults: { ...field(spec), ...(spec.thresholds === undefined && fixedColor) }, overrides: [] },
    options: { ...options },
  };
}

/** Lines over time, with their latest and highest values. */
export function timeSeries(spec: TimeSeriesSpec): Unplaced {
  const custom: GraphFieldConfig = {
    fillOpacity: spec.stacked === true ? 40 : 8,
    lineWidth: 1,
    showPoints: VisibilityMode.Never,
    stacking: { mode: spec.stacked === true ? StackingMode.Normal : StackingMode.None },
    thresholdsStyle: {
      mode: spec.thresholds === undefined ? GraphThresholdsStyleMode.Off : GraphThresholdsStyleMode.Dashed,
    },
  };
  const options: TimeSeries.Options = {
    legend: {
      calcs: ['lastNotNull', 'max'],
      displayMode: LegendDisplayMode.Table,
      placement: 'bottom',
      showLegend: true,
    },
    tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
  };
  return {
    ...common('timeseries', spec, 8),
    fieldConfig: { defaults: { ...field(spec), min: 0, custom: { ...custom } }, overrides: [] },
    options: { ...options },
  };
}

/** Shows in which of two states each series was. */
export function states(spec: PanelSpec, words: { readonly 0: string; readonly 1: string }): Unplaced {
  const custom: StateTimeline.FieldConfig = { fillOpacity: 70, lineWidth: 0 };
  const options: StateTimeline.Options = {
    legend: { calcs: [], displayMode: LegendDisplayMode.List, placement: 'bottom', showLegend: false },
    tooltip: { mode: TooltipDisplayMode.Single, sort: SortOrder.None },
    mergeValues: true,
    rowHeight: 0.9,
    showValue: VisibilityMode.Never,
  };
  const mapping = {
    0: { text: words[0], color: 'red', index: 0 },
    1: { text: words[1], color: 'green', index: 1 },
  };
  return {
    ...common('state-timeline', spec, 8),
    fieldConfig: {
      defaults: {
        ...field(spec),
        mappings: [{ type: MappingType.ValueToText, options: mapping }],
        custom: { ...custom },
      },
      overrides: [],
    },
    options: { ...options },
  };
}

const fixedColor = { color: { mode: FieldColorModeId.Fixed, fixedColor: 'blue' } };

function common(type: string, { title, description, queries, width }: PanelSpec, height: number): Unplaced {
  return {
    type,
    title,
    description,
    datasource: DATASOURCE,
    width,
    height,
    targets: queries.map(([expr, legendFormat], i) => ({
      refId: String.fromCharCode(65 + i),
      datasource: DATASOURCE,
      editorMode: 'code',
      expr,
      legendFormat,
      range: true,
    })),
  };
}

function field({ unit, decimals, max, thresholds }: PanelSpec) {
  return {
    unit,
    ...(decimals !== undefined && { decimals }),
    ...(max !== undefined && { max }),
    color: { mode: thresholds === undefined ? FieldColorModeId.PaletteClassic : FieldColorModeId.Thresholds },
    ...(thresholds !== undefined && { thresholds: stepsOf(thresholds) }),
  };
}

function stepsOf(steps: Steps): ThresholdsConfig {
  return { mode: ThresholdsMode.Absolute, steps: steps.map(([color, value]) => ({ color, value })) };
}
